// Asking to go out: the usual window is offered, so that two taps are enough.
import { call, Problem } from "../lib/api.js";
import { attempt } from "../lib/attempt.js";
import { fieldValue, instant } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { focusSoon } from "./attempt.js";
import { from, label, soon, usual } from "./windows.js";

const STALE_MS = 5 * 60 * 1000;
const DAY_MS = 24 * 3600 * 1000;
const LOOK_AGAIN_MS = 20_000;

export const going = () => ({
	reason: "supplies",
	which: "now",
	soon: null,
	usual: null,
	start: "",
	end: "",
	who: "",
	refused: null,
	place: null,
	looking: null,
	busy: false,
	fault: null,
	cancelling: "",

	init() {
		// What is offered is worked out anew when the section opens, not while somebody reads it.
		Alpine.watch(
			() => Alpine.store("outings").known && Alpine.store("route").at === "go",
			(open) => open && this.offer(),
		);
		Alpine.watch(
			() => this.placeAsked,
			() => this.lookForPlace(),
		);
		// Somebody else of the household may be faster, or change their mind, while this one reads.
		this.looking = setInterval(() => document.hidden || this.lookForPlace(), LOOK_AGAIN_MS);
	},

	destroy() {
		clearInterval(this.looking);
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

	/** Whom the outing is for, if that is not the owner of this phone. */
	get acting() {
		return this.who && this.who !== this.$store.person.people[0]?.id ? { resident: this.who } : {};
	},

	/** What to ask about the household's place for supplies; nothing while no such outing is being chosen. */
	get placeAsked() {
		const { outings, person, route } = this.$store;
		const open = outings.known && route.at === "go" && person.state === "verified" && !person.holds.length;
		if (!open || this.reason !== "supplies" || !this.wanted || Number.isNaN(Date.parse(this.wanted.start))) return "";
		return new URLSearchParams({ start: this.wanted.start, ...this.acting }).toString();
	},

	/** Whether the household's place is free then; unknown without network, and for what is no time at all. */
	async lookForPlace() {
		const asked = this.placeAsked;
		if (!asked) {
			this.place = null;
			return;
		}
		let found = null;
		try {
			found = await call("GET", `/v1/exits/quota?${asked}`);
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
		}
		if (asked === this.placeAsked) this.place = found;
	},

	of(field) {
		return this.fault?.of?.(field) ?? "";
	},

	async submit() {
		this.refused = null;
		const { rules } = this.$store.person;
		// Whoever read for a while means now, not then.
		if (Date.parse(this.soon.start) < Date.now() - STALE_MS) this.soon = soon(rules, Date.now());
		const body = { ...this.wanted, reason: this.reason, ...this.acting };
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

	/** When the household may send somebody out again, if that is what stands in the way. */
	opens(exit) {
		return exit?.explanations.find((one) => one.params.next_opens)?.params.next_opens ?? "";
	},

	takeOpening(answer) {
		this.which = "other";
		this.fields(from(this.opens(answer), this.usual));
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
		await this.lookForPlace();
	},

	cancelWord(exit) {
		return this.cancelling === exit.id ? words.cancel_really : words.cancel;
	},

	appeal(exit) {
		const matter = exit.explanations.map((one) => one.message).join(" ");
		this.$dispatch("appeal", { about: exit.id, matter });
	},
});
