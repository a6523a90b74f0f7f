// One person's page: masked, with what holds them and what was measured; in full only for a reason that is kept.
import { all, call } from "../lib/api.js";
import { celsius, moment } from "../lib/format.js";
import { Alpine, named, words } from "../lib/page.js";
import { places, some } from "./places.js";

const SHOWN_SECONDS = 60;
const READINGS = 50;
// What the API takes for a reason.
const LEAST = 4;

const blank = () => ({
	who: null,
	holds: [],
	readings: [],
	fevers: [],
	reason: "",
	missing: "",
	revealed: null,
	fault: null,
	left: 0,
});

export function person() {
	let hiding = null;

	return {
		...blank(),
		id: "",
		busy: false,
		asking: false,

		init() {
			this.$watch("$store.here.person", (id) => (id ? this.open(id) : this.close()));
			window.addEventListener("popstate", () => {
				Alpine.store("here").person = null;
			});
		},

		async open(id) {
			this.close();
			Object.assign(this, { id, busy: true });
			this.$nextTick(() => this.$refs.title.focus());
			try {
				const who = await call("GET", `/v1/residents/${id}`);
				const at = `area=${who.household}`;
				const [holds, readings, fevers] = await Promise.all([
					all(`/v1/holds?${at}`, READINGS),
					call("GET", `/v1/temperatures?${at}&limit=${READINGS}`),
					all(`/v1/fevers?${at}`, READINGS),
				]);
				// Another person was opened meanwhile, or none.
				if (this.id !== id) return;
				const ours = (one) => one.resident === id;
				this.who = { ...who, place: places.spoken(who.household), status: named(words.registered, who.status) };
				this.holds = holds.filter((one) => one.target_id === id || one.target !== "resident").map(holdOf);
				this.readings = readings.items.filter(ours).map(readingOf);
				this.fevers = fevers.filter(ours).map(feverOf);
			} catch (problem) {
				if (this.id === id) this.fault = problem;
			}
			this.busy = false;
		},

		close() {
			this.hide();
			Object.assign(this, blank(), { id: "", busy: false });
		},

		async reveal() {
			const { id } = this;
			this.missing = this.reason.trim().length < LEAST ? words.whyShort : "";
			this.fault = null;
			if (this.missing) {
				this.$refs.reason.focus();
				return;
			}
			this.asking = true;
			try {
				const full = await call("POST", `/v1/residents/${id}/reveal`, { body: { reason: this.reason } });
				if (this.id === id) this.display(full);
			} catch (problem) {
				this.fault = problem;
				this.$refs.reason.focus();
			}
			this.asking = false;
		},

		/** Shown for a minute: whoever passes a screen that was left on sees nothing. */
		display(full) {
			this.revealed = full;
			this.reason = "";
			this.left = SHOWN_SECONDS;
			hiding = setInterval(() => {
				this.left -= 1;
				if (this.left <= 0) this.hide();
			}, 1000);
			this.$nextTick(() => this.$refs.hide.focus());
		},

		hide() {
			clearInterval(hiding);
			this.revealed = null;
		},

		get hiddenIn() {
			return some(words.hidden, this.left);
		},

		get reasonFault() {
			return this.missing || (this.fault ? this.fault.of("reason") : "");
		},

		get otherFault() {
			return this.fault && !this.reasonFault ? this.fault.message : "";
		},
	};
}

const holdOf = (hold) => ({
	id: hold.id,
	kind: named(words.holds, hold.kind),
	since: some(words.since, moment(hold.placed_at)),
	reason: hold.reason ?? "",
});

const readingOf = (reading) => ({
	id: reading.id,
	at: moment(reading.measured_at),
	value: celsius(reading.temperature_c),
	high: reading.fever !== "none",
	site: named(words.sites, reading.site),
});

const feverOf = (fever) => ({
	id: fever.id,
	at: moment(fever.opened_at),
	value: celsius(fever.temperature_c),
	state: named(words.fevers, fever.state),
});
