// One way of trying something: busy while it runs, the API's sentence if it fails.
import { Problem } from "./api.js";

/** Run `act` on behalf of something with `busy` and `fault`. Returns whether it went well. */
export async function attempt(subject, act) {
	if (subject.busy) return false;
	subject.busy = true;
	subject.fault = null;
	try {
		await act();
		return true;
	} catch (problem) {
		if (!(problem instanceof Problem)) throw problem;
		subject.fault = problem;
		return false;
	} finally {
		subject.busy = false;
	}
}

/** The same as a part of a component. */
export const attempts = () => ({
	busy: false,
	fault: null,

	attempt(act) {
		return attempt(this, act);
	},
});
