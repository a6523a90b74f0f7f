// The pass: its code drawn here, renewed every half minute, and in one look whether it is good.
import encodeQR from "qr";
import { call } from "../lib/api.js";
import { moment, span, time } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { fill } from "./places.js";
import { label } from "./windows.js";

const RENEW_MS = 30_000;
const RETRY_MS = 5_000;
/** A code lives from 60 to 90 s after it was fetched; without network it is trusted for as long as is certain. */
const SURE_MS = 60_000;
const MEAN_LIFE_MS = 75_000;
/** A phone whose clock is off by more than this is told the time by the code's expiry. */
const SKEW_MS = 60_000;
/** What the code tells of the time is up to 15 s off; nobody is called early for that. */
const DOUBT_MS = 15_000;
const EXEMPT = ["medical", "emergency"];
const WITH_CODE = ["ready", "early", "outside", "late"];

export const pass = () => ({
	exit: null,
	token: null,
	code: "",
	now: Date.now(),
	skew: 0,
	renewAt: 0,
	deadAt: 0,
	fault: null,
	ended: null,
	busy: false,
	ticking: null,
	awake: null,

	init() {
		this.ticking = setInterval(() => this.tick(), 1000);
		Alpine.watch(
			() => Alpine.store("outings").shown,
			(exit) => this.show(exit),
		);
		Alpine.watch(
			() => Alpine.store("route").at,
			() => this.hurryIfOld(),
		);
		document.addEventListener("visibilitychange", () => this.hurry());
		window.addEventListener("online", () => this.hurry());
	},

	destroy() {
		clearInterval(this.ticking);
	},

	show(exit) {
		if (exit?.id !== this.exit?.id) Object.assign(this, { code: "", fault: null, ended: null });
		this.exit = exit;
		this.token = exit?.pass ?? null;
		if (this.token) this.take(this.token);
	},

	take(token) {
		const now = Date.now();
		const skew = Date.parse(token.expires) - MEAN_LIFE_MS - now;
		this.token = token;
		this.skew = Math.abs(skew) > SKEW_MS ? skew : 0;
		this.code = `data:image/svg+xml,${encodeURIComponent(encodeQR(token.token, "svg", { ecc: "low", border: 4 }))}`;
		this.fault = null;
		this.now = now;
		this.renewAt = now + RENEW_MS;
		this.deadAt = now + SURE_MS;
		this.keepAwake();
	},

	tick() {
		this.now = Date.now();
		if (document.hidden || this.$store.route.at !== "pass") return;
		const live = WITH_CODE.includes(this.standing) || this.standing === "held";
		if (live && this.now >= this.renewAt) this.renew();
	},

	hurryIfOld() {
		if (Date.now() >= this.renewAt) this.tick();
	},

	hurry() {
		if (document.hidden) return;
		this.renewAt = 0;
		this.tick();
	},

	async renew() {
		if (this.busy) return;
		const { id } = this.token;
		this.busy = true;
		this.renewAt = Date.now() + RENEW_MS;
		try {
			const token = await call("GET", `/v1/passes/${id}`);
			if (this.token?.id === id) this.take(token);
			await this.$store.person.loadHolds();
		} catch (problem) {
			this.failed(problem);
		}
		this.busy = false;
	},

	failed(problem) {
		this.fault = problem;
		if (problem.offline) this.renewAt = Date.now() + RETRY_MS;
		if (problem.status === 409 || problem.status === 404) this.ended = problem;
	},

	/** The screen stays on while somebody queues at the gate; a phone that refuses is asked again next time. */
	async keepAwake() {
		if (!this.hasCode || this.awake) return;
		this.awake = await navigator.wakeLock?.request("screen").catch(() => null);
		this.awake?.addEventListener("release", () => {
			this.awake = null;
		});
	},

	/** What the gate would make of this pass, unless the code on this screen is too old to be taken. */
	get state() {
		return this.dead && this.fault?.offline && WITH_CODE.includes(this.standing) ? "stale" : this.standing;
	},

	get standing() {
		const { exit, token, ended } = this;
		const now = this.now + this.skew;
		if (!exit) return "none";
		if (token?.in_at || ended?.code === "pass_already_used") return "used";
		if (!token || ended) return "void";
		if (token.out_at) return Date.parse(token.valid_until) < now ? "late" : "outside";
		if (Date.parse(token.valid_until) < now) return "over";
		if (this.held) return "held";
		return Date.parse(token.valid_from) > now + DOUBT_MS ? "early" : "ready";
	},

	get held() {
		return this.$store.person.holds.length > 0 && !EXEMPT.includes(this.exit?.reason);
	},

	get hasCode() {
		return WITH_CODE.includes(this.state);
	},

	/** Too old for a gate: nothing that does not work is shown. */
	get dead() {
		return this.now >= this.deadAt;
	},

	get look() {
		return this.hasCode ? `${this.state} coded` : this.state;
	},

	get word() {
		return words[`pass_${this.state}`] ?? "";
	},

	get says() {
		const from = this.token ? moment(this.token.valid_from) : "";
		const until = this.token ? time(this.token.valid_until) : "";
		return fill(words[`pass_${this.state}_says`] ?? "", { from, until });
	},

	get left() {
		const now = this.now + this.skew;
		if (!WITH_CODE.includes(this.standing)) return "";
		const until = this.state === "early" ? this.token?.valid_from : this.token?.valid_until;
		return until && Date.parse(until) > now ? span((Date.parse(until) - now) / 1000) : "";
	},

	get leftLabel() {
		return this.state === "early" ? words.opens_in : words.time_left;
	},

	get renewsIn() {
		const seconds = Math.max(0, Math.ceil((this.renewAt - this.now) / 1000));
		if (this.fault?.offline) {
			const rest = Math.max(0, Math.ceil((this.deadAt - this.now) / 1000));
			return fill(words.not_renewed, { seconds: rest });
		}
		return fill(words.renews_in, { seconds });
	},

	get when() {
		return this.exit ? label(this.exit) : "";
	},

	get who() {
		return this.exit ? this.$store.person.nameOf(this.exit.resident) : "";
	},

	get reason() {
		return this.exit ? words[`reason_${this.exit.reason}`] : "";
	},

	/** The same pass on paper, for somebody who goes without this phone. */
	get printed() {
		return this.token ? `/v1/passes/${this.token.id}/print` : false;
	},

	choiceLabel(exit) {
		return `${label(exit)} · ${this.$store.person.nameOf(exit.resident)}`;
	},
});
