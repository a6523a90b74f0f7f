// The person on this phone: their registration, what holds them, and the rules where they live.
import { call, Problem } from "../lib/api.js";
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";
import { fill, roomName } from "./places.js";

/** `state`: waiting, none (not registered), pending, rejected, verified, staff, offline or failed. */
export const person = {
	state: "waiting",
	me: null,
	holds: [],
	rules: {},
	compound: "",
	fault: null,

	async load() {
		this.fault = null;
		try {
			await this.take(await call("GET", "/v1/residents/me"));
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			this.failed(problem);
		}
	},

	async take(me) {
		const [area] = await Promise.all([call("GET", `/v1/areas/${me.area}`), this.loadHolds()]);
		this.compound = area.name;
		this.rules = Object.fromEntries(Object.entries(area.settings).map(([key, one]) => [key, one.value]));
		this.me = me;
		this.state = me.status;
	},

	/** Look again for what may have come meanwhile, such as a hold after the way home. */
	async refresh() {
		if (this.state === "verified") await this.load();
	},

	/** What is known stays when the network goes; a phone without a registration is no fault. */
	failed(problem) {
		if (problem.status === 404) {
			this.me = null;
			this.state = "none";
		} else if (problem.status === 403) this.state = "staff";
		else if (problem.offline && this.me) return;
		else this.state = problem.offline ? "offline" : "failed";
		this.fault = problem;
	},

	async loadHolds() {
		this.holds = (await call("GET", "/v1/holds/me")).items;
	},

	get home() {
		return this.me ? roomName(this.me.household) : "";
	},

	get address() {
		return this.me ? fill(words.address, { compound: this.compound, room: this.home }) : "";
	},

	get registeredAt() {
		return moment(this.me?.registered_at);
	},

	wordFor: (status) => words[`state_${status}`] ?? "",

	get stateWord() {
		return this.me ? this.wordFor(this.me.status) : "";
	},

	since: (hold) => fill(words.since, { at: moment(hold.placed_at) }),

	/** Everybody this phone may act for: its owner first. */
	get people() {
		const all = this.me ? [this.me, ...this.me.others] : [];
		return all.filter((one) => one.status === "verified");
	},

	nameOf(resident) {
		return this.people.find((one) => one.id === resident)?.name ?? "";
	},

	/** The rules of going out in one line, as far as any stand. */
	get ruleLine() {
		const { rules } = this;
		const parts = [
			fill(words.rule_interval, { days: rules["exit.interval_days"] }),
			fill(words.rule_hours, { hours: rules["exit.max_hours"] }),
			rules["exit.closed_hours"] ? fill(words.rule_closed, { hours: rules["exit.closed_hours"] }) : "",
		];
		return parts.filter(Boolean).join(words.comma);
	},
};
