// The live board: alerts as they come, who has them, and what escalates next.
import { call } from "../lib/api.js";
import { span, time } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { Alerts, covers } from "./alerts.js";
import { List } from "./list.js";
import { Live } from "./live.js";
import { Moves } from "./moves.js";
import { some } from "./places.js";
import { rowOf } from "./rows.js";
import { Sound } from "./sound.js";

const ROWS = 200;
const DONE = 100;
// While alerts pour in, the list is drawn so often and no more.
const DRAW_MS = 250;
const title = document.title;

export function board() {
	const alerts = new Alerts();
	const sound = new Sound();
	let live = null;
	let list = null;
	let rows = new WeakMap();
	let fresh = [];
	let drawing = null;
	let drawn = 0;

	return {
		listed: 0,
		more: "",
		elsewhere: "",
		counts: { waiting: 0, here: 0, taken: 0, below: {} },
		next: null,
		filter: "due",
		loaded: false,
		now: Date.now(),
		up: false,
		lost: "",
		sounding: false,
		said: "",

		init() {
			const moves = new Moves((alert) => this.moved(alert));
			const template = document.getElementById("alert-row");
			list = new List(this.$refs.list, template, (name, row, element) => this.act(moves, name, row, element));
			this.$watch("$store.session.account", (account) => (account ? this.begin() : this.end()));
			this.$watch("$store.here.area", () => this.draw());
			this.$watch("$store.here.staff", () => this.rewrite());
			document.addEventListener("visibilitychange", () => this.draw());
			if (Alpine.store("session").account) this.begin();
		},

		async begin() {
			const here = Alpine.store("here");
			await here.begin();
			live = new Live([...here.roots], {
				alert: (alert) => this.hear(alerts.take(alert)),
				list: (found, began, complete) => this.takeNews(alerts.takeList(found, began, complete)),
				link: (up) => this.linked(up),
				tick: (now) => this.tick(now),
			});
			if (here.roots.length) live.begin();
		},

		/** Signed out: nothing of anybody stays on the screen. */
		end() {
			live?.end();
			alerts.known.clear();
			Alpine.store("here").end();
			list.show([]);
			Object.assign(this, { listed: 0, more: "", elsewhere: "", loaded: false, filter: "due", next: null });
			this.badge(0);
		},

		tick(now) {
			this.now = now + Alpine.store("here").skew;
			list.tick(this.left.bind(this), this.pressing.bind(this));
		},

		linked(up) {
			if (this.up && !up) this.lost = some(words.lost, time(Date.now()));
			this.up = up;
			if (up) this.lost = "";
		},

		takeNews(news) {
			if (this.loaded) for (const one of news) this.hear(one);
			this.loaded = true;
			this.draw();
		},

		/** Note what is new to whoever looks or listens; what is already in hand, or was known so, is not. */
		hear(news) {
			if (!news) return;
			const { before, alert } = news;
			const again = before?.state === "open" && before.count === alert.count && before.level === alert.level;
			if (alert.state === "open" && !again) fresh.push(alert);
			this.draw();
		},

		act(moves, name, row, element) {
			if (name === "person") Alpine.store("here").show("person", row.resident);
			else if (name === "clue") Alpine.store("here").show("clue", row.clue);
			else if (name.endsWith("-form")) moves.unfold(row, element, name.replace("-form", ""));
			else moves.move(row, element, name);
		},

		/** Draw at once, for somebody's focus waits for it. */
		moved(alert) {
			alerts.take(alert);
			this.said = `${this.row(alert).title}: ${words.states[alert.state]}`;
			this.drawNow();
		},

		/** Draw soon: with the next frame, or by a timer where there are none because nobody looks. */
		draw() {
			if (drawing && !document.hidden) return;
			clearTimeout(drawing);
			const wait = Math.max(0, DRAW_MS - (performance.now() - drawn));
			const soon = document.hidden ? () => this.drawNow() : () => requestAnimationFrame(() => this.drawNow());
			drawing = setTimeout(soon, wait);
		},

		drawNow() {
			clearTimeout(drawing);
			drawing = null;
			drawn = performance.now();
			const here = Alpine.store("here");
			if (!here.known) return;
			alerts.prune();
			const shown = alerts.shown(here.area, this.filter);
			this.listed = Math.min(ROWS, shown.length);
			list.show(shown.slice(0, ROWS).map((alert) => this.row(alert)));
			list.tick(this.left.bind(this), this.pressing.bind(this));
			this.more = some(words.older, shown.length - this.listed);
			this.counts = alerts.counts(here.area);
			this.elsewhere = some(words.elsewhere, this.counts.waiting - this.counts.here);
			const next = alerts.next();
			this.next = next && this.row(next);
			this.badge(this.counts.waiting);
			this.announce(fresh);
			fresh = [];
		},

		row(alert) {
			if (!rows.has(alert)) rows.set(alert, rowOf(alert, Alpine.store("here")));
			return rows.get(alert);
		},

		rewrite() {
			rows = new WeakMap();
			this.draw();
		},

		announce(news) {
			if (!news.length) return;
			sound.ring(news.some((one) => one.kind === "fever" || one.kind === "exit_on_hold"));
			const first = this.row(news[0]);
			this.said = news.length > 1 ? some(words.several, news.length) : `${first.title} ${first.place}`;
			const kinds = new Set(news.map((one) => one.kind));
			document.dispatchEvent(new CustomEvent("alerts-came", { detail: kinds }));
		},

		badge(count) {
			document.title = count ? `(${count}) ${title}` : title;
			if (count) navigator.setAppBadge?.(count).catch(() => {});
			else navigator.clearAppBadge?.().catch(() => {});
		},

		left(due) {
			return due > this.now ? span((due - this.now) / 1000) : words.now;
		},

		pressing(due) {
			return due !== null && due - this.now < 120_000;
		},

		/** To where most of what waits elsewhere is: up to the root, or over to the next one. */
		goElsewhere() {
			const here = Alpine.store("here");
			const at = here.roots.findIndex((one) => covers(one, here.area));
			here.go(here.area === here.roots[at] ? here.roots[(at + 1) % here.roots.length] : here.roots[at]);
		},

		async show(filter) {
			this.filter = filter;
			this.draw();
			if (filter !== "done") return;
			const page = await call("GET", `/v1/alerts?state=resolved&limit=${DONE}`).catch(() => ({ items: [] }));
			for (const alert of page.items) alerts.take(alert);
			this.draw();
		},

		async toggleSound() {
			if (this.sounding) sound.stop();
			else await sound.start();
			this.sounding = !this.sounding;
		},
	};
}
