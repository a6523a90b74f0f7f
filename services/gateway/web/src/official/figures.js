// Today's figures beside yesterday's, the day hour by hour, and where the fevers are.
import { call } from "../lib/api.js";
import { time } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { buildingsOf, isCompound, places, some, sorted } from "./places.js";

const AGAIN_SECONDS = 30;
// An alert is told before its figures are counted.
const SETTLE_MS = 1500;
const CARDS = [
	["FeverAlert", "bad"],
	["TemperatureRecorded"],
	["GateScanned:out:allow"],
	["GateScanned:in:allow"],
	["GateScanned:deny", "warn"],
	["ExitDecided:approved"],
	["ResidentVerified"],
	["ClueReported"],
];

export function figures() {
	let charts = null;
	let soon = null;
	const buildings = new Map();

	return {
		cards: [],
		hours: [],
		days: [],
		grid: [],
		cutOff: "",
		busy: false,
		fault: "",
		quiet: true,
		calm: true,

		init() {
			this.$watch("$store.here.area", () => this.load());
			document.addEventListener("alerts-came", () => this.loadSoon());
			document.addEventListener("visibilitychange", () => document.hidden || this.load());
			setInterval(() => document.hidden || this.load(), AGAIN_SECONDS * 1000);
		},

		loadSoon() {
			if (soon) return;
			soon = setTimeout(() => {
				soon = null;
				this.load();
			}, SETTLE_MS);
		},

		async load() {
			const { area } = Alpine.store("here");
			if (!area) return;
			this.busy = true;
			try {
				const [today, hours, fevers, rows] = await Promise.all([
					call("GET", `/v1/figures?area=${area}`),
					call("GET", `/v1/figures/hours?area=${area}`),
					call("GET", `/v1/figures/buildings?area=${area}&days=14`),
					this.rowsOf(area),
				]);
				// Somebody has looked elsewhere meanwhile.
				if (area !== Alpine.store("here").area) return;
				this.take(today);
				this.takeHours(hours);
				this.takeFevers(area, fevers, rows);
				await this.paint();
				this.fault = "";
			} catch (problem) {
				this.fault = problem.message;
			}
			this.busy = false;
		},

		/** The rows of the heat grid: what lies next beneath an area, feverish or not. */
		async rowsOf(area) {
			if (!isCompound(area)) return places.below(area);
			if (!buildings.has(area)) buildings.set(area, await buildingsOf(area));
			return buildings.get(area);
		},

		take({ figures: today, yesterday, cut_off }) {
			Alpine.store("here").skew = Date.parse(cut_off) - Date.now();
			this.cutOff = some(words.asOf, time(cut_off));
			this.cards = CARDS.map(([name, tone]) => ({
				name,
				label: words.figures[name],
				today: today[name] ?? 0,
				yesterday: words.yesterday.replace("{n}", yesterday[name] ?? 0),
				tone: tone && today[name] ? tone : "",
			}));
		},

		takeHours({ hours, cut_off }) {
			const now = time(cut_off);
			this.hours = hours.map((one) => {
				const name = `${String(one.hour).padStart(2, "0")}:00`;
				return { ...one, name, begun: name <= now };
			});
			this.quiet = !hours.some((one) => one.out + one.in + one.refused + one.temperatures + one.fevers);
		},

		takeFevers(area, { days, places: found }, rows) {
			const counted = new Map(found.map((one) => [one.area, one.fevers]));
			const known = rows.map((one) => ({ ...one }));
			const listed = new Set(known.map((one) => one.id));
			const unlisted = found.filter((one) => !listed.has(one.area) && one.area !== area);
			sorted(known).push(...unlisted.map((one) => ({ id: one.area, name: places.name(one.area) })));
			// Those of no building stand at the end.
			if (counted.has(area)) known.push({ id: area, name: words.outsiders });
			this.days = days;
			this.grid = known.map((one) => ({ ...one, fevers: counted.get(one.id) ?? days.map(() => 0) }));
			this.calm = !found.length;
		},

		/** The charts are large and come after the alerts. */
		async paint() {
			const { hourChart, heatChart } = await import("./charts.js");
			charts ??= { hours: hourChart(this.$refs.hours), heat: heatChart(this.$refs.heat) };
			charts.hours(Alpine.raw(this.hours));
			charts.heat({ days: Alpine.raw(this.days), grid: Alpine.raw(this.grid) });
		},

		get heatSize() {
			return { height: `${this.grid.length * 28 + 70}px` };
		},
	};
}
