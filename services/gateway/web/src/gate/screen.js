// The guard's screen: which gate, whose pass, how warm, and the answer.
import { all, call, Problem } from "../lib/api.js";
import { moment } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { Engine } from "./engine.js";
import { entry } from "./entry.js";
import { ageOf, placeOf, sentencesOf } from "./said.js";
import * as sound from "./sound.js";
import { thermometer } from "./thermometer.js";

/** Stays outside of what Alpine watches. */
let engine = null;
const MINUTE = 60_000;

/** One component out of several, their getters kept. */
const together = (...parts) =>
	parts.reduce((whole, part) => Object.defineProperties(whole, Object.getOwnPropertyDescriptors(part)), {});

export const gate = () => together(station(), work(), entry(), thermometer());

/** Where the guard stands, and how things stand there. */
const station = () => ({
	step: "loading",
	gates: [],
	gate: null,
	guard: null,
	direction: "out",
	fault: "",
	status: { mode: "live", waiting: 0, held: 0, refused: 0, age: null, shift: null, trouble: "", canCheck: true },
	ending: false,

	async init() {
		document.addEventListener("pointerdown", () => sound.ready(), { once: true });
		document.addEventListener("visibilitychange", () => (document.hidden ? this.closeCamera() : this.openCamera()));
		try {
			engine = await Engine.open((status) => {
				this.status = status;
			});
		} catch {
			// No record, no pass.
			this.go("broken");
			return;
		}
		setInterval(() => engine.changed(), MINUTE);
		this.direction = (await engine.store.note("direction")) ?? "out";
		this.site = (await engine.store.note("site")) ?? "forehead";
		Alpine.effect(() => {
			const { account } = Alpine.store("session");
			queueMicrotask(() => this.signedIn(account));
		});
	},

	/** Somebody has come or gone. */
	async signedIn(account) {
		const guard = Alpine.store("session").areas("guard").length ? account : null;
		await engine.serve(guard);
		if (!account) return this.closeCamera();
		const same = guard === this.guard;
		this.guard = guard;
		if (!guard) return this.go("stranger");
		// Whoever comes back goes on where their session ended.
		if (same && this.gate) return this.openCamera();
		const kept = await engine.store.note("gate");
		if (kept) await this.standAt(kept);
		else await this.chooseGate();
	},

	async chooseGate() {
		this.closeCamera();
		this.fault = "";
		this.go("gate");
		try {
			const found = await all("/v1/gates");
			const areas = [...new Set(found.map((one) => one.area))];
			const named = await Promise.all(areas.map((area) => call("GET", `/v1/areas/${area}`)));
			const names = new Map(named.map(({ id, name }) => [id, name]));
			this.gates = found.map(({ id, name, area }) => ({ id, name, place: names.get(area) }));
			this.looked = true;
			if (this.gates.length === 1) await this.standAt({ ...this.gates[0] });
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			this.fault = problem.message;
		}
	},
	looked: false,

	async standAt({ id, name, place }) {
		this.gate = { id, name, place };
		await engine.store.putNote("gate", { id, name, place });
		await engine.use(id);
		this.next();
	},

	async turn(direction) {
		this.direction = direction;
		await engine.store.putNote("direction", direction);
	},

	get standing() {
		return words.modes[this.status.mode];
	},

	get waits() {
		return words.waiting.replace("{count}", this.undelivered);
	},

	get undelivered() {
		return this.status.waiting + this.status.held;
	},

	get kept() {
		return words.kept.replace("{count}", this.undelivered);
	},

	get troubled() {
		return words.trouble.replace("{message}", this.status.trouble);
	},

	get aged() {
		if (!this.status.canCheck) return words.cannotCheck;
		return this.status.age === null ? words.noData : words.data.replace("{age}", ageOf(this.status.age));
	},

	get since() {
		return this.status.shift ? words.since.replace("{time}", moment(this.status.shift.since)) : "";
	},

	async newShift() {
		await engine.newShift();
		await engine.changed();
		this.ending = false;
	},

	/** Show a step, and put the focus where it goes on. */
	go(step) {
		this.step = step;
		this.focus(step);
	},

	/** x-show shows with the next frame; what is hidden takes no focus. */
	focus(ref) {
		this.$nextTick(() => requestAnimationFrame(() => this.$refs[ref]?.focus()));
	},
});

/** One person after the other. */
const work = () => ({
	answer: null,
	busy: false,

	next() {
		this.digits = "";
		this.again(null);
		this.entryFault = "";
		this.go("code");
		this.choose("camera");
	},

	/** Back to the code; what was measured stays, for the code was only too old. */
	rescan() {
		this.answer = null;
		this.go("code");
		this.choose("camera");
		this.seeAgain();
	},

	/** The same person with the same pass, measured once more. */
	measureAgain() {
		this.digits = "";
		this.again(this.person);
		this.retest = true;
		this.go("heat");
	},

	again(person) {
		this.answer = null;
		this.person = person;
		this.retest = false;
		this.fault = "";
	},

	async send() {
		if (!this.plausible || this.busy) return;
		this.busy = true;
		this.fault = "";
		const { token, direction, celsius: temperature, site } = this;
		try {
			this.show(await engine.take({ token, direction, temperature, site }));
			await engine.store.putNote("site", site);
		} catch (problem) {
			this.fault = problem instanceof Problem ? problem.message : words.sentences.agent_store;
			if (!(problem instanceof Problem)) engine.desk.giveUp().catch(() => {});
		}
		this.busy = false;
	},

	show(answer) {
		const { decision, reasons, resident, by } = answer;
		const person = resident ? { label: resident.label, room: placeOf(resident.room) } : this.person;
		const [sentence, ...more] = sentencesOf(answer, this.direction);
		const measure = reasons.includes("fever_retest") || reasons.includes("temperature_low");
		const old = reasons.includes("qr_expired");
		this.person = person;
		const unnamed = by === "device" && decision !== "deny";
		this.answer = { decision, word: words.answers[decision], sentence, more, measure, old, unnamed };
		if (!Alpine.store("sound").muted) sound.play(decision);
		this.go("answer");
	},
});
