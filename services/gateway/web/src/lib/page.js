// What every page does: its components, the session, the service worker.
import Alpine from "@alpinejs/csp";
import { session, signIn } from "./session.js";

/** The page's own words, translated where the page was rendered: `words.key`. */
export const words = JSON.parse(document.getElementById("words").textContent);
/** A word out of a list of them; what is newer than this page goes by its plain name. */
export const named = (list, name) => list[name] ?? name?.replaceAll("_", " ") ?? "";
export const locale = document.documentElement.lang;

/** Start the page: components by name, each as Alpine.data takes it. */
export function start(components = {}) {
	Alpine.store("session", session);
	Alpine.data(
		"signIn",
		signIn(() => Alpine.store("session")),
	);
	for (const [name, component] of Object.entries(components)) Alpine.data(name, component);
	document.addEventListener("signed-out", () => Alpine.store("session").forget());
	window.addEventListener("storage", (event) => Alpine.store("session").follow(event));
	window.addEventListener("online", () => Alpine.store("net").look());
	window.addEventListener("offline", () => Alpine.store("net").look());
	Alpine.store("net", {
		up: navigator.onLine,
		look() {
			this.up = navigator.onLine;
		},
	});
	Alpine.start();
	Alpine.store("session").find();
	navigator.serviceWorker?.register("/sw.js");
}

export { Alpine };
