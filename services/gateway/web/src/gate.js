import { gate } from "./gate/screen.js";
import { Alpine, start } from "./lib/page.js";
import "./gate.css";

const MUTED = "menshen-muted";

Alpine.store("sound", {
	muted: localStorage.getItem(MUTED) === "yes",

	toggle() {
		this.muted = !this.muted;
		localStorage.setItem(MUTED, this.muted ? "yes" : "no");
	},
});

start({ gate });
