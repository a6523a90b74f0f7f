// One way of trying something: busy while it runs, the API's sentence if it fails, the first field at fault in focus.
import { intention, Problem } from "../lib/api.js";

/** Run `act` on behalf of a component with `busy` and `fault`; returns whether it went well. */
export async function attempt(component, act) {
	if (component.busy) return false;
	component.busy = true;
	component.fault = null;
	try {
		await act();
		return true;
	} catch (problem) {
		if (!(problem instanceof Problem)) throw problem;
		component.fault = problem;
		return false;
	} finally {
		component.busy = false;
	}
}

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
