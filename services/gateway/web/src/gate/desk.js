// A scan from its making to its answer, as menshen/gate_agent/agent.py does it: kept first, then decided by the service
// or here. While anything older waits everything is decided here: the order is worth more than freshness.
import { call, Problem } from "../lib/api.js";
import { readCode } from "./codes.js";
import { earlierOf, judge } from "./decide.js";

const LIVE_SECONDS = 4;
const MOST_REASONS = 10;
const NO_KEYS = { keys: [] };
/** Statuses that say nothing about what was asked. */
const NO_ANSWERS = [0, 401, 408, 429];

/** Tell whether a problem means that nobody knows whether it was done. */
export const isAway = (problem) => NO_ANSWERS.includes(problem.status) || problem.status >= 500;

/** Only one window decides at a time, so that the order here is the order everywhere. */
const alone = (act) => navigator.locks.request("menshen-gate", act);

export class Desk {
	/** `known()` gives the gate's offline data or null. */
	constructor(store, clock, known) {
		this.store = store;
		this.clock = clock;
		this.known = known;
	}

	/**
	 * Answer a scan `{gate, guard, token, direction, temperature, site}`: `{decision, reasons, fever, by, message?, resident?}`.
	 * Throws a Problem for what the service will not take as a scan, and anything else when it could not be kept.
	 */
	take(scan) {
		return alone(() => this.#take(scan));
	}

	/** Scans whose answer nobody saw, since the page ended meanwhile: nobody was let through, so that is delivered. */
	giveUp() {
		return alone(async () => {
			const left = (await this.store.oldest(1000)).filter((one) => one.state === "open");
			for (const { sequence } of left) {
				await this.store.settle(sequence, here({ decision: "recheck", reasons: ["gate_interrupted"], fever: "none" }));
			}
		});
	}

	async #take({ gate, guard, token, direction, temperature, site }) {
		const shown = await readCode(token, this.known()?.keys ?? NO_KEYS);
		const moment = this.clock.now();
		const written = new Date(moment.at).toISOString();
		const nonce = crypto.randomUUID();
		const scan = {
			nonce,
			guard,
			passId: shown.presented?.passId ?? "",
			direction,
			at: moment.at,
			clock: moment.clock === "trusted" ? "trusted" : "unverified",
			body: { token: token.trim(), gate, direction, temperature_c: temperature, site, nonce, scanned_at: written },
		};
		const waits = await this.store.waiting();
		const sequence = await this.store.add(scan);
		const answer = waits ? null : await this.#live({ ...scan, sequence });
		if (answer) return answer;
		const earlier = earlierOf(scan.passId ? await this.store.ofPass(scan.passId) : []);
		const presence = { direction, temperature, site, shown, earlier };
		const verdict = judge(presence, this.clock.now(), this.known());
		await this.store.settle(sequence, here(verdict));
		return { ...verdict, by: "device", away: !waits };
	}

	/** Ask the service; null if that came to nothing. */
	async #live(scan) {
		if (!navigator.onLine) return null;
		try {
			const said = await call("POST", "/v1/scans", { body: live(scan), seconds: LIVE_SECONDS });
			const { decision, reasons, fever, message, resident } = said;
			await this.store.settle(scan.sequence, { state: "delivered", decision, reasons, fever });
			return { decision, reasons, fever, message, resident, by: "service" };
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			if (isAway(problem)) return null;
			await this.store.settle(scan.sequence, { state: "refused", told: problem.code });
			throw problem;
		}
	}
}

/** A scan as the service takes it at once. */
function live({ body, sequence, clock }) {
	return { ...body, sequence, clock };
}

/** A scan that was decided here, as an item of the service's batch. */
export function lateItem(kept) {
	const reasons = kept.reasons.slice(0, MOST_REASONS);
	return { ...live(kept), decided: kept.decision, reasons, taken_by: kept.guard ?? null };
}

function here({ decision, reasons, fever }) {
	return { state: "waiting", decision, reasons, fever };
}
