// A file on its way up: fetch tells nothing of how far it is, the older way does.
import { noAnswer, Problem, renew } from "../lib/api.js";

const SECONDS = 180;

/** Send a form; `onProgress` hears a share from 0 to 1. Returns the answer's JSON, throws a Problem. */
export async function upload(path, form, onProgress) {
	// Asked before, for a token that has run out would be found out only when all has been sent.
	await renew();
	const { status, text } = await sent(path, form, onProgress);
	const said = parsed(text);
	if (status >= 200 && status < 300) return said;
	if (status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
	throw new Problem(status, said);
}

function sent(path, form, onProgress) {
	return new Promise((resolve, reject) => {
		const request = new XMLHttpRequest();
		const lost = () => reject(noAnswer());
		request.open("POST", path);
		request.setRequestHeader("Accept", "application/json");
		request.setRequestHeader("Accept-Language", document.documentElement.lang.slice(0, 2));
		request.timeout = SECONDS * 1000;
		request.upload.addEventListener("progress", (event) => event.total && onProgress(event.loaded / event.total));
		request.addEventListener("load", () => resolve({ status: request.status, text: request.responseText }));
		request.addEventListener("error", lost);
		request.addEventListener("timeout", lost);
		request.send(form);
	});
}

function parsed(text) {
	try {
		return JSON.parse(text);
	} catch {
		return { detail: document.body.dataset.offline };
	}
}
