// The compound's residents: found by surname, room or last digits, and removed when they have left.
import { call } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { words } from "../lib/page.js";
import { buildingsOf, filled, roomName } from "./areas.js";
import { focusHeading, looks } from "./manners.js";

const STEP = 50;
const BATCH = 200;

export const residents = () => ({
	...attempts(),
	...looks(),
	loading: false,
	items: [],
	next: null,
	shown: STEP,
	buildings: [],
	building: "",
	query: "",
	said: "",
	leaving: null,
	reason: "",

	init() {
		this.open();
		this.$watch("$store.place.tab", () => this.open());
		this.$watch("building", () => this.load());
		this.$watch("query", () => this.search());
	},

	get found() {
		const asked = plain(this.query).split(" ").filter(Boolean);
		return this.items.filter((one) => asked.every((part) => one.text.includes(part)));
	},

	get listed() {
		return this.found.slice(0, this.shown);
	},

	get more() {
		return this.found.length > this.shown || (this.next !== null && !this.query);
	},

	/** Loaded when the tab is first opened, and again each time: not before, for nobody may need it. */
	async open() {
		if (this.$store.place.tab === "residents") await this.load();
	},

	async load() {
		if (this.leaving) return;
		const asked = this.building;
		await this.look(async () => {
			if (!this.buildings.length) this.buildings = await buildingsOf(this.area);
			const page = await fetched(asked || this.area, STEP);
			if (asked !== this.building) return;
			this.items = page.items.map(seen);
			this.next = page.next;
			this.shown = STEP;
		});
		if (this.query) await this.search();
	},

	/** Names are masked, so the server cannot search them: everybody is fetched once, and looked through here. */
	async search() {
		this.shown = STEP;
		if (!this.query || this.loading) return;
		this.loading = true;
		await this.look(async () => {
			while (this.next) await this.take(BATCH);
		});
		this.loading = false;
	},

	async further() {
		this.shown += STEP;
		if (this.found.length < this.shown && this.next) await this.look(() => this.take(STEP));
	},

	async take(limit) {
		const [building, after] = [this.building, this.next];
		const page = await fetched(building || this.area, limit, after);
		if (building !== this.building || after !== this.next) return;
		this.items.push(...page.items.map(seen));
		this.next = page.next;
	},

	ask(one) {
		this.leaving = one;
		this.reason = "";
		this.fault = null;
		this.$refs.dialog.showModal();
	},

	async remove() {
		const one = this.leaving;
		this.said = "";
		const body = { reason: this.reason };
		if (!(await this.attempt(() => call("POST", `/v1/residents/${one.id}/remove`, { body })))) return;
		this.$refs.dialog.close();
		this.leaving = null;
		this.items = this.items.filter((other) => other.id !== one.id);
		this.said = filled(words.removed, { name: one.name, room: one.room });
		focusHeading(this);
	},
});

async function fetched(area, limit, after) {
	const cursor = after ? `&after=${after}` : "";
	return call("GET", `/v1/residents?status=verified&area=${area}&limit=${limit}${cursor}`);
}

function seen(one) {
	const room = roomName(one.household);
	// `3-1-502` finds a room too.
	const steps = one.household.split(".").slice(3);
	const short = steps.map((step) => step.slice(1)).join("-");
	const text = plain(`${one.name} ${room} ${short} ${one.id_number} ${one.phone ?? ""}`);
	const removeName = filled(words.removeName, { name: one.name, room });
	return { id: one.id, name: one.name, room, id_number: one.id_number, phone: one.phone ?? "–", text, removeName };
}

const plain = (text) => text.normalize("NFKC").toLowerCase().trim();
