// What one does about an alert, in its row: acknowledge, assign, resolve.
import { call } from "../lib/api.js";
import { Alpine, words } from "../lib/page.js";

/** Part of the board's component, which shows what became of an alert by its `took(alert)`. */
export const moves = () => ({
	/** The row that is being worked on, and with which form: `assign`, `resolve` or none. */
	at: "",
	form: "",
	helpers: [],
	to: "",
	outcome: "handled",
	busy: false,
	fault: "",

	unfold(row, form) {
		const same = this.at === row.id && this.form === form;
		this.at = row.id;
		this.form = same ? "" : form;
		this.fault = "";
		this.helpers = Alpine.store("here").helpers(row.area);
		this.to = this.helpers[0].id;
		this.outcome = "handled";
		if (!same) this.$nextTick(() => this.focus(`#alert-${row.id} select`));
	},

	unfolded(row, form) {
		return this.at === row.id && this.form === form;
	},

	faultOf(row) {
		return this.at === row.id ? this.fault : "";
	},

	busyWith(row) {
		return this.at === row.id && this.busy;
	},

	acknowledge(row) {
		return this.move(row, "acknowledge");
	},

	assign(row) {
		return this.move(row, "assign", { to: this.to });
	},

	resolve(row) {
		return this.move(row, "resolve", { outcome: this.outcome });
	},

	async move(row, step, body) {
		if (this.busy) return;
		Object.assign(this, { at: row.id, busy: true, fault: "" });
		try {
			const alert = await call("POST", `/v1/alerts/${row.id}/${step}`, { body });
			this.form = "";
			this.took(alert);
			this.said = `${row.title}: ${words.states[alert.state]}`;
			this.$nextTick(() => this.focus(`#alert-${row.id} button`, "#alerts-title"));
		} catch (problem) {
			this.fault = problem.message;
		}
		this.busy = false;
	},

	/** Whoever works by keyboard stays where they are: the first of these that can be seen. */
	focus(...selectors) {
		const seen = selectors.flatMap((one) => [...document.querySelectorAll(one)]).find((one) => one.offsetParent);
		seen?.focus();
	},
});
