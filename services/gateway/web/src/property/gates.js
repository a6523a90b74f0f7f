// The gates of the compound, and when each was last heard.
import { all, call, intention } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";
import { filled } from "./areas.js";
import { looks, whileOpen } from "./manners.js";

export const gates = () => ({
	...attempts(),
	...looks(),
	items: [],
	name: "",
	key: intention(),
	said: "",
	stop: null,

	init() {
		this.stop = whileOpen(this, "gates", () => this.load(), 15);
	},

	destroy() {
		this.stop();
	},

	async load() {
		await this.look(async () => {
			const found = await all("/v1/gates");
			this.items = found.filter((one) => one.area === this.area).map(seen);
			this.$dispatch("gates-known", this.items);
		});
	},

	async add() {
		const name = this.name;
		this.said = "";
		const body = { area: this.area, name };
		if (!(await this.attempt(() => call("POST", "/v1/gates", { body, key: this.key })))) {
			// A name that was refused is corrected, which makes it another intention; without an answer it is the same.
			if (!this.fault.offline) this.key = intention();
			return;
		}
		this.key = intention();
		this.name = "";
		this.said = filled(words.gateAdded, { name });
		await this.load();
	},
});

function seen(gate) {
	if (gate.silent_since)
		return { ...gate, silent: true, state: filled(words.silent, { at: moment(gate.silent_since) }) };
	const heard = gate.last_heard ? filled(words.heard, { at: moment(gate.last_heard) }) : words.unheard;
	return { ...gate, silent: false, state: heard };
}
