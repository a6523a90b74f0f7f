// Outings: those asked for, newest first, and the ones that have a pass to show.
import { all, call, Problem } from "../lib/api.js";
import { onceEach } from "./attempt.js";

const HOME_AGAIN_MS = 24 * 3600 * 1000;
/** How long after its window a pass still lets its holder in. */
const TRIES = 10;
const PAUSE_MS = 500;
const asking = onceEach();
const pause = () => new Promise((done) => setTimeout(done, PAUSE_MS));

export const outings = {
	list: [],
	passes: [],
	chosen: "",
	known: false,
	fault: null,

	/** `awaited` is an exit that the gate has been told of but not answered yet. */
	async load(awaited = null) {
		this.fault = null;
		try {
			if (awaited) await this.decided(awaited);
			this.list = await all("/v1/exits", 200);
			this.passes = await this.withPasses();
			this.known = true;
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			this.fault = problem;
		}
	},

	async decided(id) {
		for (let tries = 0; tries < TRIES; tries += 1) {
			const answered = await call("GET", `/v1/exits/${id}`).then(
				() => true,
				(problem) => problem.status !== 404,
			);
			if (answered) return;
			await pause();
		}
	},

	/** The outings whose passes may still matter, the one that matters first at the front. */
	async withPasses() {
		const now = Date.now();
		const standing = this.list.filter((one) => one.status === "approved" && Date.parse(one.end) + HOME_AGAIN_MS > now);
		const found = await Promise.all(standing.slice(0, 8).map((one) => call("GET", `/v1/exits/${one.id}`)));
		const rank = (one) => {
			if (!one.pass || one.pass.in_at) return 3;
			if (one.pass.out_at) return 0;
			return Date.parse(one.end) > now ? 1 : 2;
		};
		// What is over matters by when it ended, the newest first; what is to come, the soonest first.
		const order = (one, other) =>
			rank(one) - rank(other) ||
			(rank(one) > 1 ? other.end.localeCompare(one.end) : one.start.localeCompare(other.start));
		return found.sort(order);
	},

	get shown() {
		return this.passes.find((one) => one.id === this.chosen) ?? this.passes[0] ?? null;
	},

	/** Those among which one may choose: still good for something. */
	get choices() {
		return this.passes.filter((one) => one.pass && !one.pass.in_at);
	},

	/** Ask to go out; the gate may hear of a new registration a moment later than this phone. */
	async ask(body) {
		for (let tries = 0; ; tries += 1) {
			try {
				return await asking(body, (key) => call("POST", "/v1/exits", { body, key }));
			} catch (problem) {
				if (problem.code !== "not_verified" || tries >= TRIES) throw problem;
				await pause();
			}
		}
	},

	async cancel(id) {
		await call("POST", `/v1/exits/${id}/cancel`);
		await this.load();
	},
};
