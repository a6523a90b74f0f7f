// The alerts that this page knows, without the page: which are newer, which wait, in which order they are shown.

const DONE = "resolved";
const DONE_KEPT = 200;

/** Whether an area is another one or lies above it. */
export const covers = (area, other) => other === area || other.startsWith(`${area}.`);

export class Alerts {
	known = new Map();

	/** Take an alert as somebody told it. Returns what was known of it before, or nothing if this is no news. */
	take(alert) {
		const before = this.known.get(alert.id);
		if (before && before.alert.version >= alert.version) return null;
		this.known.set(alert.id, { alert, heard: performance.now() });
		return { before: before?.alert, alert };
	}

	/**
	 * Take what a list, read from `began` on, says is not done. What it has no more is done, unless it was heard of
	 * since; of an incomplete list nothing follows. Returns the news.
	 */
	takeList(list, began, complete) {
		const news = list.map((one) => this.take(one)).filter(Boolean);
		const listed = new Set(list.map((one) => one.id));
		for (const [id, { alert, heard }] of this.known) {
			if (complete && alert.state !== DONE && heard < began && !listed.has(id)) this.known.delete(id);
		}
		return news;
	}

	/** What is shown of an area: newest first, so that nothing jumps while somebody works on it. */
	shown(area, filter) {
		const found = [];
		for (const { alert } of this.known.values()) {
			if (FILTERS[filter](alert.state) && covers(area, alert.area)) found.push(alert);
		}
		return found.sort((one, other) => stamp(other) - stamp(one) || (one.id < other.id ? 1 : -1));
	}

	/** How many wait for somebody, all in all and beneath an area by the area next below; and how many are in hand. */
	counts(area) {
		const below = {};
		const total = { waiting: 0, here: 0, taken: 0, below };
		const steps = area.split(".").length + 1;
		for (const { alert } of this.known.values()) {
			const inside = covers(area, alert.area);
			if (inside && FILTERS.taken(alert.state)) total.taken += 1;
			if (!FILTERS.waiting(alert.state)) continue;
			total.waiting += 1;
			if (!inside) continue;
			total.here += 1;
			const part = alert.area.split(".").slice(0, steps).join(".");
			below[part] = (below[part] ?? 0) + 1;
		}
		return total;
	}

	/** The alert whose turn passes to the area above before all others. */
	next() {
		let first = null;
		for (const { alert } of this.known.values()) {
			if (alert.state !== "open" || !alert.escalates_at) continue;
			if (!first || alert.escalates_at < first.escalates_at) first = alert;
		}
		return first;
	}

	/** Forget what was done long ago: a board on a wall is never reloaded. */
	prune() {
		const done = [...this.known.values()].filter((one) => one.alert.state === DONE);
		done.sort((one, other) => other.heard - one.heard);
		for (const { alert } of done.slice(DONE_KEPT)) this.known.delete(alert.id);
	}
}

const FILTERS = {
	due: (state) => state !== DONE,
	waiting: (state) => state === "open",
	taken: (state) => state === "acknowledged" || state === "assigned",
	done: (state) => state === DONE,
};

const stamps = new WeakMap();

function stamp(alert) {
	let at = stamps.get(alert);
	if (at === undefined) {
		at = Math.max(Date.parse(alert.raised_at), Date.parse(alert.last_at));
		stamps.set(alert, at);
	}
	return at;
}
