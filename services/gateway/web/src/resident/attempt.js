// What a resident's forms share: where the focus goes, and keys for what is sent.
import { intention } from "../lib/api.js";

/** Move the focus to what is about to be shown: Alpine shows it a frame later than it says. */
export const focusSoon = (component, find) =>
	component.$nextTick(() => requestAnimationFrame(() => setTimeout(() => find()?.focus())));

/**
 * Keys for what is sent: the same while the same thing goes again because no answer came, another one afterwards.
 * `send` gets the key; `what` tells whether it is the same thing.
 */
export function onceEach() {
	let last = null;
	return async (what, send) => {
		const same = JSON.stringify(what);
		if (last?.same !== same) last = { same, key: intention() };
		try {
			const answer = await send(last.key);
			last = null;
			return answer;
		} catch (problem) {
			if (!problem.offline) last = null;
			throw problem;
		}
	};
}
