// What runs behind the screen: the store, the clock, the desk where scans are taken, and the errands in between.
import { Problem } from "../lib/api.js";
import { GateClock } from "./clock.js";
import { canCheck } from "./codes.js";
import { attend, deliver, recall } from "./courier.js";
import { Desk, isAway } from "./desk.js";
import { openStore } from "./store.js";

const EVERY = 30_000;
const AWAY_AGAIN = 5_000;
const SOON = 1_000;
const NO_SHIFT = { out: 0, in: 0, refused: 0, rechecks: 0 };

export class Engine {
	#clock;
	#attended = Number.NEGATIVE_INFINITY;
	#kick = () => {};
	#windows = new BroadcastChannel("menshen-gate");
	gate = "";
	/** Who is signed in as a guard; without anybody nothing is asked of the service, and what waits goes on waiting. */
	guard = null;
	known = null;
	/** Whether the service answered last, null before the first time; `trouble` is what it has against this gate. */
	reachable = null;
	trouble = "";

	/** `changed` is called with how things stand whenever they may have changed. */
	static async open(changed) {
		const engine = new Engine();
		engine.store = await openStore();
		engine.#clock = new GateClock(
			() => Date.now(),
			() => performance.now(),
			await engine.store.note("clock"),
		);
		engine.desk = new Desk(engine.store, engine.#clock, () => engine.known);
		engine.canCheck = await canCheck();
		engine.changed = async () => changed(await engine.status());
		// Another window of this page works on the same record.
		engine.#windows.onmessage = () => engine.changed();
		await engine.desk.giveUp();
		if (!(await engine.store.note("shift"))) await engine.newShift();
		window.addEventListener("online", () => engine.#kick());
		window.addEventListener("offline", () => engine.away());
		engine.#run();
		return engine;
	}

	/** Stand at this gate from now on. */
	async use(gate) {
		this.gate = gate;
		this.known = this.canCheck ? await recall(this.store, gate) : null;
		await this.#afresh();
	}

	/** Work for this guard from now on; null: for nobody. */
	async serve(guard) {
		this.guard = guard;
		if (guard) await this.store.release();
		await this.#afresh();
	}

	/** Answer a scan, as Desk.take does. */
	async take(scan) {
		try {
			const answer = await this.desk.take({ ...scan, gate: this.gate, guard: this.guard });
			if (answer.by === "service") this.reachable = true;
			else if (answer.away) this.reachable = false;
			return answer;
		} finally {
			await this.store.putNote("clock", this.#clock.remembered());
			await this.#tell();
			this.#kick();
		}
	}

	away() {
		this.reachable = false;
		this.changed();
	}

	async newShift() {
		await this.store.putNote("shift", { since: Date.now(), ...NO_SHIFT });
	}

	async status() {
		const { at, clock } = this.#clock.now();
		const [waiting, held, refused, shift] = await Promise.all([
			this.store.waiting(),
			this.store.count("held"),
			this.store.count("refused"),
			this.store.note("shift"),
		]);
		const age = this.known ? Math.max(0, at - this.known.fetchedAt) : null;
		const fresh = this.known !== null && clock !== "unknown" && at <= this.known.freshUntil;
		const mode = this.reachable !== false && !waiting ? "live" : fresh ? "offline" : "manual";
		const { trouble, canCheck, known } = this;
		const threshold = known?.threshold ?? null;
		return { mode, waiting, held, refused, shift, age, fresh, trouble, canCheck, threshold };
	}

	async #run() {
		for (;;) {
			if (this.gate && this.guard) await this.#round();
			const pause = this.reachable === false ? AWAY_AGAIN : (await this.store.waiting()) ? SOON : EVERY;
			await new Promise((resolve) => {
				this.#kick = resolve;
				setTimeout(resolve, pause);
			});
		}
	}

	async #round() {
		const { gate } = this;
		try {
			await deliver(this.store);
			if (performance.now() - this.#attended >= EVERY) {
				const known = await attend(this.store, this.#clock, gate, this.known);
				if (gate === this.gate) this.known = this.canCheck ? known : null;
				this.#attended = performance.now();
			}
			this.reachable = true;
			this.trouble = "";
		} catch (problem) {
			this.reachable = problem instanceof Problem && !isAway(problem);
			this.trouble = this.reachable ? problem.message : "";
		}
		await this.#tell();
	}

	async #afresh() {
		this.#attended = Number.NEGATIVE_INFINITY;
		this.#kick();
		await this.changed();
	}

	async #tell() {
		this.#windows.postMessage("changed");
		await this.changed();
	}
}
