// Asking to go out: the usual window is offered, so that two taps are enough.
import { fieldValue, instant, moment } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { attempt, focusSoon } from "./attempt.js";
import { fill, spoken } from "./places.js";
import { from, label, soon, usual } from "./windows.js";

const STALE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 3600 * 1000;

export const going = () => ({
	reason: "supplies",
	which: "now",
	soon: null,
	usual: null,
	start: "",
	end: "",
	who: "",
	refused: null,
	busy: false,
	fault: null,
	cancelling: "",

	init() {
		// What is offered is worked out anew when the section opens, not while somebody reads it.
		Alpine.watch(
			() => Alpine.store("outings").known && Alpine.store("route").at === "go",
			(open) => open && this.offer(),
		);
	},

	offer() {
		const now = Date.now();
		const { rules, people } = this.$store.person;
		this.soon = soon(rules, now);
		this.usual = usual(this.$store.outings.list, rules, now);
		this.which = this.usual && Date.parse(this.usual.start) - now < DAY_MS / 2 ? "usual" : "now";
		this.who ||= people[0]?.id ?? "";
		this.refused = null;
	},

	get soonLabel() {
		return this.soon ? label(this.soon) : "";
	},

	get soonWord() {
		return this.soon && Date.parse(this.soon.start) > Date.now() ? words.soon_later : words.soon_now;
	},

	get usualLabel() {
		return this.usual ? label(this.usual) : "";
	},

	/** Other times begin as those that were offered. */
	other() {
		if (this.start) return;
		this.fields(this.usual ?? this.soon);
	},

	fields(wanted) {
		this.start = fieldValue(wanted.start);
		this.end = fieldValue(wanted.end);
	},

	get wanted() {
		if (this.which === "other") return { start: instant(this.start), end: instant(this.end) };
		return this.which === "usual" ? this.usual : this.soon;
	},

	of(field) {
		return this.fault?.of?.(field) ?? "";
	},

	async submit() {
		this.refused = null;
		const { people, rules } = this.$store.person;
		// Whoever read for a while means now, not then.
		if (Date.parse(this.soon.start) < Date.now() - STALE_MS) this.soon = soon(rules, Date.now());
		const acting = this.who && this.who !== people[0]?.id ? { resident: this.who } : {};
		const body = { ...this.wanted, reason: this.reason, ...acting };
		let exit = null;
		await attempt(this, async () => {
			exit = await this.$store.outings.ask(body);
			await this.$store.outings.load();
		});
		if (exit?.status === "approved") this.approved(exit);
		else if (exit) this.refuse(exit);
	},

	approved(exit) {
		this.start = "";
		this.$store.outings.chosen = exit.id;
		this.$store.route.to("pass");
	},

	refuse(exit) {
		this.refused = exit;
		focusSoon(this, () => this.$refs.refusal);
	},

	said(exit) {
		return exit.explanations.map((one) => ({ code: one.code, text: spoken(one) }));
	},

	/** When the household may send somebody out again, if that is what stands in the way. */
	opens(exit) {
		return exit?.explanations.find((one) => one.params.next_opens)?.params.next_opens ?? "";
	},

	/** What the gate said of the household's next outing, until it is asked for one again. */
	get quotaLine() {
		const { list } = this.$store.outings;
		const last = list.find((one) => one.reason === "supplies" && one.status !== "cancelled");
		const opens = this.opens(last);
		return Date.parse(opens) > Date.now() ? fill(words.next_opens, { at: moment(opens) }) : "";
	},

	get opensLabel() {
		return moment(this.opens(this.refused));
	},

	takeOpening() {
		this.which = "other";
		this.fields(from(this.opens(this.refused), this.usual));
		this.refused = null;
		focusSoon(this, () => this.$refs.start);
	},

	when(exit) {
		return label(exit);
	},

	reasonWord(reason) {
		return words[`reason_${reason}`];
	},

	/** One word for what became of an outing. */
	statusWord(exit) {
		const over = Date.parse(exit.end) < Date.now();
		return exit.status === "approved" && over ? words.exit_past : words[`exit_${exit.status}`];
	},

	mayCancel(exit) {
		const pass = this.$store.outings.passes.find((one) => one.id === exit.id)?.pass;
		return exit.status === "approved" && Boolean(pass) && !pass.out_at && Date.parse(exit.end) > Date.now();
	},

	/** Two taps: the second one means it. */
	async cancel(exit) {
		if (this.cancelling !== exit.id) {
			this.cancelling = exit.id;
			return;
		}
		this.cancelling = "";
		await attempt(this, () => this.$store.outings.cancel(exit.id));
	},

	cancelWord(exit) {
		return this.cancelling === exit.id ? words.cancel_really : words.cancel;
	},

	appeal(exit) {
		const matter = this.said(exit)
			.map((one) => one.text)
			.join(" ");
		this.$dispatch("appeal", { about: exit.id, matter });
	},
});
