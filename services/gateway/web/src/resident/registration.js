// The registration's form: once, and then never again. With the first outing, if wished.
import { all, call } from "../lib/api.js";
import { attempt } from "../lib/attempt.js";
import { Alpine } from "../lib/page.js";
import { focusSoon, onceEach } from "./attempt.js";
import { isBad, judge, plain } from "./idnumber.js";
import { byCommunity } from "./places.js";
import { label, soon } from "./windows.js";

const FIELDS = ["area", "room.building", "room.unit", "room.room", "name", "id_number", "exit.start"];
const MANY = 8;

export const registration = () => ({
	communities: [],
	searched: "",
	area: "",
	building: "",
	unit: "",
	room: "",
	name: "",
	number: "",
	left: false,
	editing: false,
	goes: false,
	busy: false,
	fault: null,
	send: onceEach(),

	init() {
		Alpine.effect(() => this.needed(this.$store.person.state));
	},

	/** The list of compounds is fetched when there is a form to show. */
	needed(state) {
		if (!["none", "pending", "rejected"].includes(state) || this.communities.length) return;
		Alpine.nextTick(() => attempt(this, () => this.prepare()));
	},

	async prepare() {
		this.communities = byCommunity(await all("/v1/areas"));
		const only = this.communities.length === 1 && this.communities[0].compounds.length === 1;
		const { me } = this.$store.person;
		if (me) this.area = me.area;
		else if (only) this.area = this.communities[0].compounds[0].id;
	},

	get many() {
		return this.communities.reduce((sum, one) => sum + one.compounds.length, 0) > MANY;
	},

	/** What the search leaves of the list; the one chosen stays. */
	get found() {
		const wanted = this.searched.trim().toLowerCase();
		const fits = (one, group) =>
			one.id === this.area || one.name.toLowerCase().includes(wanted) || group.name.toLowerCase().includes(wanted);
		return this.communities
			.map((group) => ({ ...group, compounds: group.compounds.filter((one) => fits(one, group)) }))
			.filter((group) => group.compounds.length);
	},

	get reasons() {
		return this.$store.person.me?.explanations ?? [];
	},

	get note() {
		return this.$store.person.me?.note ?? "";
	},

	edit() {
		this.editing = true;
		focusSoon(this, () => this.$refs.heading);
	},

	get mayAppeal() {
		const { me, state } = this.$store.person;
		return state === "rejected" && !this.$store.clues.appealed(me?.id);
	},

	appeal() {
		const matter = this.note || this.reasons.map((one) => one.message).join(" ");
		this.$dispatch("appeal", { about: this.$store.person.me.id, matter });
	},

	get complete() {
		return Boolean(this.area && this.building && this.room && this.name && this.number);
	},

	get judged() {
		return judge(this.number);
	},

	get numberIsBad() {
		return isBad(this.judged, this.left);
	},

	get first() {
		return soon(this.$store.person.rules, Date.now());
	},

	get firstLabel() {
		return label(this.first);
	},

	of(field) {
		return this.fault?.of?.(field) ?? "";
	},

	/** The sentence for the form as a whole: only what no field says already. */
	get general() {
		return this.fault && !FIELDS.some((field) => this.of(field)) ? this.fault.message : "";
	},

	async submit() {
		this.left = true;
		if (this.numberIsBad) {
			this.$refs.number.focus();
			return;
		}
		const exit = this.goes ? { ...this.first, reason: "supplies" } : undefined;
		const body = {
			name: this.name,
			area: this.area,
			room: { building: this.building, unit: this.unit, room: this.room },
			id_number: plain(this.number),
			...(exit && { exit }),
		};
		const sent = await attempt(this, async () => {
			const answer = await this.send(body, (key) => call("POST", "/v1/residents", { body, key }));
			await this.arrived(answer);
		});
		if (!sent) focusSoon(this, () => this.$root.querySelector("[aria-invalid=true]"));
	},

	async arrived({ exit }) {
		await this.$store.person.load();
		await this.$store.outings.load(exit?.status === "requested" ? exit.id : null);
		Object.assign(this, { number: "", name: "", left: false, editing: false });
		focusSoon(this, () => document.querySelector("#section-pass .pass h2"));
		if (exit?.status === "refused") this.$store.route.to("go");
	},
});
