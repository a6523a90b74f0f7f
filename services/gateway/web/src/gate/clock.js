// What time it is on a phone whose clock may be wrong, as menshen/gate_agent/domain/clock.py has it, with one
// difference: a browser's counter stands still while the phone sleeps. A clock that ran ahead of the counter may just
// have slept, and is believed again, unverified; one that went back is an open question until the service answers.

const BACK = 2_000;
const APART = 60_000;
const SLOWEST = 10_000;

export class GateClock {
	#wall;
	#count;
	#skew;
	#newest;
	#back;
	#trusted = false;
	#began;

	/** `wall` and `count` give milliseconds; `remembered` is what `remembered()` returned before. */
	constructor(wall, count, { skew = null, newest = null, back = false } = {}) {
		this.#wall = wall;
		this.#count = count;
		this.#skew = skew;
		this.#newest = newest;
		this.#back = back;
		this.#began = { wall: wall(), count: count() };
	}

	count() {
		return this.#count();
	}

	/** Take the service's time out of an answer to a question asked at that count: it was right half-way. */
	learn(serverTime, asked) {
		const way = this.#count() - asked;
		if (way > SLOWEST || Number.isNaN(serverTime)) return;
		this.#began = { wall: this.#wall(), count: this.#count() };
		this.#skew = this.#began.wall - (serverTime + way / 2);
		this.#newest = this.#began.wall;
		this.#trusted = true;
		this.#back = false;
	}

	/** Now: `{at, clock, skew}`, the clock `trusted`, `unverified` or `unknown`. */
	now() {
		const wall = this.#wall();
		const ahead = wall - this.#began.wall - (this.#count() - this.#began.count);
		if (ahead < -APART || (this.#newest !== null && wall < this.#newest - BACK)) this.#back = true;
		if (Math.abs(ahead) > APART) this.#trusted = false;
		if (this.#back)
			return { at: Math.max(wall, this.#newest ?? wall) - (this.#skew ?? 0), clock: "unknown", skew: null };
		this.#newest = Math.max(wall, this.#newest ?? wall);
		return { at: wall - (this.#skew ?? 0), clock: this.#trusted ? "trusted" : "unverified", skew: this.#skew };
	}

	remembered() {
		return { skew: this.#skew, newest: this.#newest, back: this.#back };
	}
}
