// Clues: what somebody saw, with photos made smaller on the phone, and what became of it. Appeals go the same way.
import { all, call, Problem } from "../lib/api.js";
import { attempt } from "../lib/attempt.js";
import { moment } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { focusSoon, onceEach } from "./attempt.js";
import { smaller } from "./photos.js";
import { fill } from "./places.js";

const MOST = 6;
const sending = onceEach();

/** Send a clue or an appeal, and show it among the own ones. */
export async function sendClue(clue, photos) {
	const same = { ...clue, photos: photos.map((one) => one.key) };
	const answer = await sending(same, (key) => {
		const form = new FormData();
		for (const [name, value] of Object.entries(clue)) form.append(name, String(value));
		for (const one of photos) form.append("photos", one.blob, "photo.jpg");
		return call("POST", "/v1/clues", { form, key, seconds: 90 });
	});
	await Alpine.store("clues").load();
	return answer;
}

export const clues = {
	list: [],
	known: false,
	fault: null,

	async load() {
		this.fault = null;
		try {
			this.list = await all("/v1/clues/mine", 200);
			this.known = true;
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			this.fault = problem;
		}
	},

	/** Whether a decision has been appealed against already. */
	appealed(about) {
		return this.list.some((one) => one.about === about);
	},

	category: (clue) => words[`clue_${clue.category}`] ?? words.clue_other,

	/** What a step means; for an appeal the same steps are said otherwise. */
	step: (clue, state) => words[`${clue.category === "appeal" ? "appeal" : "step"}_${state}`],

	at: (instant) => moment(instant),

	/** Until when the next step is promised, as long as there is one. */
	promise(clue) {
		if (clue.state === "new") return fill(words.looked_at_by, { at: moment(clue.verify_due) });
		if (clue.state === "verified" || clue.state === "assigned")
			return fill(words.answered_by, { at: moment(clue.resolve_due) });
		return "";
	},
};

export const clueForm = () => ({
	category: "",
	text: "",
	place: "",
	anonymous: false,
	photos: [],
	sent: false,
	tooMany: false,
	busy: false,
	fault: null,

	get complete() {
		return Boolean(this.category && this.text.trim() && this.place.trim());
	},

	get full() {
		return this.photos.length >= MOST;
	},

	of(field) {
		return this.fault?.of?.(field) ?? "";
	},

	get photoFault() {
		if (this.tooMany) return words.photos_too_many;
		return this.fault?.errors?.find((one) => one.field.startsWith("photos"))?.message ?? "";
	},

	get general() {
		const named = ["category", "text", "place"].some((field) => this.of(field)) || this.photoFault;
		return this.fault && !named ? this.fault.message : "";
	},

	async add(event) {
		const chosen = [...event.target.files];
		event.target.value = "";
		const room = MOST - this.photos.length;
		this.tooMany = chosen.length > room;
		for (const file of chosen.slice(0, room)) {
			const blob = await smaller(file);
			this.photos.push({ key: crypto.randomUUID(), blob, url: URL.createObjectURL(blob) });
		}
	},

	drop(photo) {
		URL.revokeObjectURL(photo.url);
		this.photos = this.photos.filter((one) => one.key !== photo.key);
		this.tooMany = false;
	},

	photoLabel: (at) => fill(words.photo_number, { number: at + 1 }),
	dropLabel: (at) => fill(words.photo_drop, { number: at + 1 }),

	async submit() {
		this.sent = false;
		const { category, text, place, anonymous } = this;
		const clue = { category, text, place, anonymous, area: this.$store.person.me.area };
		const photos = this.photos.map((one) => Alpine.raw(one));
		const sent = await attempt(this, () => sendClue(clue, photos));
		if (sent) this.done();
		else focusSoon(this, () => this.$root.querySelector("[aria-invalid=true]"));
	},

	done() {
		for (const one of this.photos) URL.revokeObjectURL(one.url);
		Object.assign(this, { category: "", text: "", place: "", anonymous: false, photos: [], sent: true });
	},
});
