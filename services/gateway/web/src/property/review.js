// The registrations that a person must decide, each beside the roster entries that look alike.
import { call } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";
import { filled, roomName } from "./areas.js";
import { focusHeading, looks, whileOpen } from "./manners.js";

const LIMIT = 20;

export const review = () => ({
	...attempts(),
	...looks(),
	items: [],
	next: null,
	before: [],
	from: "",
	said: "",
	turned: null,
	reason: "",
	stop: null,

	init() {
		this.stop = whileOpen(this, "review", () => this.load(this.from), 60);
	},

	destroy() {
		this.stop();
	},

	async load(from) {
		if (this.busy || this.turned) return;
		await this.look(async () => {
			const after = from ? `&after=${from}` : "";
			const page = await call("GET", `/v1/residents?status=pending&area=${this.area}&limit=${LIMIT}${after}`);
			this.items = page.items.map(compared);
			this.next = page.next;
			this.from = from;
			this.count();
		});
	},

	count() {
		const waiting = this.before.length * LIMIT + this.items.length;
		this.$store.place.waiting = waiting ? `${waiting}${this.next ? "+" : ""}` : "";
	},

	async restart() {
		this.before = [];
		await this.load("");
	},

	async forth() {
		this.before.push(this.from);
		await this.load(this.next);
		if (this.missed) this.before.pop();
		focusHeading(this);
	},

	async back() {
		await this.load(this.before.pop());
		focusHeading(this);
	},

	async verify(one) {
		await this.decide(one, "verify", undefined, words.verified);
	},

	ask(one) {
		this.turned = one;
		this.reason = "";
		this.fault = null;
		this.$refs.dialog.showModal();
	},

	async reject() {
		await this.decide(this.turned, "reject", { reason: this.reason }, words.rejected);
	},

	async decide(one, verb, body, sentence) {
		this.said = "";
		const done = await this.attempt(() => call("POST", `/v1/residents/${one.id}/${verb}`, { body }));
		// Somebody else was faster: it is off the list all the same.
		if (!done && ![404, 409].includes(this.fault.status)) return;
		this.$refs.dialog.close();
		this.turned = null;
		if (done) this.said = filled(sentence, { name: one.name, room: one.room });
		await this.drop(one);
	},

	async drop(one) {
		this.items = this.items.filter((other) => other.id !== one.id);
		this.count();
		if (!this.items.length) await this.load(this.next ?? this.before.pop() ?? "");
		focusHeading(this);
	},
});

/** A registration as its card shows it: a line for each field, with the same of each entry. */
function compared(one) {
	const room = roomName(one.household);
	const own = { name: one.name, room, id_number: one.id_number, phone: one.phone };
	const lines = Object.entries(own).map(([field, value]) => ({
		field,
		label: words.fields[field],
		value: value ?? "–",
		others: one.alike.map((entry, at) => ({
			at,
			value: (field === "room" ? roomName(entry.household) : entry[field]) ?? "–",
			// Who was registered by somebody else has proven no phone.
			differs: !entry.same.includes(field) && !(field === "phone" && one.on_behalf),
		})),
	}));
	const entries = one.alike.map((entry, at) => ({
		at,
		title: filled(words.entry, { relation: words.relations[entry.relation] }),
	}));
	return { ...one, room, lines, entries, at: moment(one.registered_at) };
}
