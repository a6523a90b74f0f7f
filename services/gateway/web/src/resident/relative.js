// Somebody of the household who has no phone: registered from this one, and taken out and brought home by it.
import { call } from "../lib/api.js";
import { attempt } from "../lib/attempt.js";
import { focusSoon, onceEach } from "./attempt.js";
import { isBad, judge, plain } from "./idnumber.js";
import { roomOf } from "./places.js";

export const relative = () => ({
	name: "",
	number: "",
	left: false,
	outcome: "",
	busy: false,
	fault: null,
	send: onceEach(),

	open() {
		Object.assign(this, { name: "", number: "", left: false, outcome: "", fault: null });
		this.$refs.dialog.showModal();
	},

	close() {
		this.$refs.dialog.close();
	},

	get complete() {
		return Boolean(this.name && this.number);
	},

	get judged() {
		return judge(this.number);
	},

	get numberIsBad() {
		return isBad(this.judged, this.left);
	},

	of(field) {
		return this.fault?.of?.(field) ?? "";
	},

	/** The sentence for the form as a whole: only what no field says already. */
	get general() {
		return this.fault && !this.of("name") && !this.of("id_number") ? this.fault.message : "";
	},

	async submit() {
		this.left = true;
		if (this.numberIsBad) {
			this.$refs.number.focus();
			return;
		}
		const { area, household } = this.$store.person.me;
		const body = {
			name: this.name,
			area,
			room: roomOf(household),
			id_number: plain(this.number),
			on_behalf: true,
		};
		const sent = await attempt(this, async () => {
			const answer = await this.send(body, (key) => call("POST", "/v1/residents", { body, key }));
			await this.$store.person.load();
			this.outcome = answer.status;
		});
		if (sent) this.close();
		else focusSoon(this, () => this.$root.querySelector("[aria-invalid=true]"));
	},
});
