// What keeps the board true: streams for what happens, lists for what was missed, and a look around after a sleep.
import { all } from "../lib/api.js";
import { Feed } from "./feed.js";

const NOT_DONE = ["open", "acknowledged", "assigned"];
const MOST = 5000;
// A browser has six connections to a server; of the areas beyond the list tells, which is then read more often.
const MOST_FEEDS = 3;
const AGAIN_SECONDS = 60;
const AGAIN_SECONDS_BEYOND = 10;
const TICK_MS = 1000;
const ASLEEP_MS = 15_000;

export class Live {
	/** `on.alert(alert)`, `on.list(alerts, began, complete)`, `on.link(up)`, `on.tick(now)`. */
	constructor(roots, on) {
		this.on = on;
		this.again = roots.length > MOST_FEEDS ? AGAIN_SECONDS_BEYOND : AGAIN_SECONDS;
		this.feeds = roots
			.slice(0, MOST_FEEDS)
			.map((area) => new Feed(area, { alert: on.alert, opened: () => this.read(), link: () => this.link() }));
	}

	begin() {
		this.stop = new AbortController();
		const { signal } = this.stop;
		document.addEventListener("visibilitychange", () => document.hidden || this.tick(), { signal });
		document.addEventListener("resume", () => this.wake(), { signal });
		window.addEventListener("online", () => this.wake(), { signal });
		window.addEventListener("offline", () => this.on.link(false), { signal });
		this.ticked = Date.now();
		this.ticking = setInterval(() => this.tick(), TICK_MS);
		this.rereading = setInterval(() => this.read(), this.again * 1000);
		for (const feed of this.feeds) feed.open();
	}

	end() {
		this.stop?.abort();
		clearInterval(this.ticking);
		clearInterval(this.rereading);
		for (const feed of this.feeds) feed.close();
		this.ended = true;
	}

	/** A clock that has leapt is a laptop that slept: its connections may be dead without knowing it. */
	tick() {
		const now = Date.now();
		if (now - this.ticked > ASLEEP_MS && !document.hidden) this.wake();
		if (!document.hidden) this.ticked = now;
		this.on.tick(now);
	}

	wake() {
		this.ticked = Date.now();
		for (const feed of this.feeds) feed.open();
	}

	link() {
		this.on.link(navigator.onLine && this.feeds.every((one) => one.up));
	}

	/** Read the list, once more if asked meanwhile. In this order nothing that moves on between two states is missed. */
	async read() {
		this.wanted = true;
		if (this.reading) return;
		this.reading = true;
		while (this.wanted && !this.ended) {
			this.wanted = false;
			await this.list().catch(() => {});
		}
		this.reading = false;
	}

	async list() {
		const began = performance.now();
		const found = [];
		let complete = true;
		for (const state of NOT_DONE) {
			const some = await all(`/v1/alerts?state=${state}`, MOST);
			complete &&= some.length < MOST;
			found.push(...some);
		}
		if (!this.ended) this.on.list(found, began, complete);
	}
}
