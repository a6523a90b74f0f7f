// What surrounds the sections: which one is shown, what is loaded when somebody signs in, and the appeal's form.
import { attempt } from "../lib/attempt.js";
import { Alpine, words } from "../lib/page.js";
import { focusSoon } from "./attempt.js";
import { sendClue } from "./clues.js";

const SECTIONS = ["pass", "go", "report", "me"];
const LOOK_AGAIN_MS = 20_000;

/** The section shown; any other hash, such as the skip link's, leaves it as it is. */
export const route = {
	at: "pass",

	read() {
		const asked = location.hash.slice(1);
		if (SECTIONS.includes(asked)) this.at = asked;
	},

	to(section) {
		location.hash = section;
	},
};

export const shell = () => ({
	waiting: null,

	init() {
		this.$store.route.read();
		window.addEventListener("hashchange", () => this.turn());
		Alpine.effect(() => this.entered(this.$store.session.account));
		Alpine.watch(
			() => Alpine.store("net").up,
			(up) => up && this.$store.person.state === "offline" && this.load(),
		);
		this.waiting = setInterval(() => this.lookAgain(), LOOK_AGAIN_MS);
	},

	destroy() {
		clearInterval(this.waiting);
	},

	/** Another section: read its heading to those who listen, and begin at its top. */
	turn() {
		const before = this.$store.route.at;
		this.$store.route.read();
		if (before === this.$store.route.at) return;
		window.scrollTo(0, 0);
		this.$store.person.refresh();
		focusSoon(this, () =>
			[...document.querySelectorAll(`#section-${this.$store.route.at} h2`)].find((one) => one.checkVisibility()),
		);
	},

	/** Somebody signed in: nothing of whoever was here before may stay. */
	entered(account) {
		if (!account) return;
		Alpine.nextTick(() => {
			this.$store.person.state = "waiting";
			Object.assign(this.$store.outings, { list: [], passes: [], known: false });
			Object.assign(this.$store.clues, { list: [], known: false });
			this.load();
		});
	},

	async load() {
		await this.$store.person.load();
		if (["none", "staff", "offline", "failed"].includes(this.$store.person.state)) return;
		await Promise.all([this.$store.outings.load(), this.$store.clues.load()]);
	},

	/** Somebody decides about a registration, or the network comes back: who waits for it sees that by itself. */
	async lookAgain() {
		if (document.hidden) return;
		const { state, me } = this.$store.person;
		if (state === "offline") await this.load();
		if (state !== "pending" && !me?.others.some((one) => one.status === "pending")) return;
		await this.$store.person.load();
		if (this.$store.person.state === "verified") await this.$store.outings.load();
	},
});

/** The form in which a resident says why a decision is wrong; `open` names the decision and shows what it said. */
export const appealing = () => ({
	about: "",
	matter: "",
	text: "",
	busy: false,
	fault: null,

	open({ about, matter }) {
		Object.assign(this, { about, matter, text: "", fault: null });
		this.$refs.dialog.showModal();
		this.$refs.text.focus();
	},

	close() {
		this.$refs.dialog.close();
	},

	async send() {
		const { me, home } = this.$store.person;
		const clue = {
			category: "appeal",
			text: this.text,
			place: home || words.my_home,
			area: me.area,
			about: this.about,
		};
		await attempt(this, async () => {
			await sendClue(clue, []);
			this.close();
			this.$store.route.to("report");
		});
	},
});
