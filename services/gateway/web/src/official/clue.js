// One clue: what was reported, its photos, its steps, and the next one to take.
import { call } from "../lib/api.js";
import { moment } from "../lib/format.js";
import { Alpine, named, words } from "../lib/page.js";
import { places, some } from "./places.js";

const blank = () => ({ found: null, outcome: "", fault: null, busy: false });

export const clue = () => ({
	...blank(),
	id: "",

	init() {
		this.$watch("$store.here.clue", (id) => (id ? this.open(id) : this.close()));
		window.addEventListener("popstate", () => {
			Alpine.store("here").clue = null;
		});
	},

	async open(id) {
		Object.assign(this, blank(), { id });
		this.$nextTick(() => this.$refs.title.focus());
		await this.ask(() => call("GET", `/v1/clues/${id}`));
	},

	close() {
		Object.assign(this, blank(), { id: "" });
	},

	verify() {
		return this.step("verify", {});
	},

	reject() {
		return this.step("reject", {});
	},

	takeOn() {
		return this.step("assign", { to: Alpine.store("session").account });
	},

	resolve() {
		return this.step("resolve", { outcome: this.outcome });
	},

	step(name, body) {
		return this.ask(() => call("POST", `/v1/clues/${this.id}/${name}`, { body }));
	},

	async ask(act) {
		const { id } = this;
		Object.assign(this, { busy: true, fault: null });
		try {
			const answer = await act();
			// Another was opened meanwhile, or none.
			if (this.id === id) this.found = shown(answer);
		} catch (problem) {
			if (this.id === id) this.fault = problem;
		}
		this.busy = false;
	},

	is(state) {
		return this.found?.state === state;
	},
});

function shown(one) {
	const { steps } = words.clue;
	return {
		state: one.state,
		text: one.text,
		photos: one.photos,
		outcome: one.outcome ?? "",
		category: named(words.categories, one.category),
		place: [places.spoken(one.area), one.place].filter(Boolean).join(" "),
		at: moment(one.reported_at),
		by: one.reporter ? (one.reporter.label ?? words.clue.named) : one.anonymous ? words.clue.anonymous : words.machine,
		about: one.about ? (words.clue.about[one.about.split("_")[0]] ?? one.about) : "",
		due: one.state === "new" ? some(words.clue.verifyBy, moment(one.verify_due)) : "",
		steps: one.steps.map((step, place) => ({
			key: place,
			name: named(steps, step.state),
			at: moment(step.at),
			note: step.note ?? "",
		})),
	};
}
