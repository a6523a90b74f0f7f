// What stands at the gates. A secret is shown once, in a dialog, and kept nowhere.
import { all, call, intention } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";
import { filled } from "./areas.js";
import { focusHeading, looks, whileOpen } from "./manners.js";

const blank = () => ({ kind: "reader", gate: "", label: "" });

export const devices = () => ({
	...attempts(),
	...looks(),
	items: [],
	gates: [],
	form: blank(),
	key: intention(),
	said: "",
	secret: null,
	copied: "",
	asked: null,
	stop: null,

	init() {
		this.stop = whileOpen(this, "gates", () => this.load(), 15);
	},

	destroy() {
		this.stop();
	},

	meet(gates) {
		this.gates = gates;
		if (!gates.some((one) => one.id === this.form.gate)) this.form.gate = gates[0]?.id ?? "";
		this.items = this.items.map((one) => ({ ...one, at: this.gateName(one.gate) }));
	},

	gateName(id) {
		return this.gates.find((one) => one.id === id)?.name ?? "";
	},

	async load() {
		await this.look(async () => {
			const found = await all(`/v1/devices?area=${this.area}`);
			const revoked = (one) => Number(!one.active);
			this.items = found.map((one) => this.seen(one)).sort((one, other) => revoked(one) - revoked(other));
		});
	},

	seen(device) {
		const kind = words.kinds[device.kind];
		const refused = { n: device.refusals, at: moment(device.refused_at) };
		return {
			...device,
			title: device.label || kind,
			kindName: device.label ? kind : "",
			at: this.gateName(device.gate),
			state: device.active ? (device.provisioned ? words.active : words.settling) : words.revoked,
			rotateName: filled(words.rotateName, { name: device.label || kind }),
			revokeName: filled(words.revokeName, { name: device.label || kind }),
			warning: device.refusals ? filled(words.refused, refused) : "",
		};
	},

	async add() {
		const { label, ...rest } = this.form;
		const body = { ...rest, area: this.area, ...(label ? { label } : {}) };
		await this.change(async () => {
			this.reveal(await call("POST", "/v1/devices", { body, key: this.key }));
			this.form = { ...blank(), gate: this.form.gate };
		});
		if (!this.fault?.offline) this.key = intention();
	},

	/** `what` is rotate or revoke: both cut the device off, so both ask first. */
	ask(what, one) {
		this.asked = { what, one, title: filled(words[`${what}Title`], { name: one.title }), text: words[`${what}Text`] };
		this.fault = null;
		this.$refs.ask.showModal();
	},

	async confirm() {
		const { what, one } = this.asked;
		await this.change(async () => {
			const changed = await call("POST", `/v1/devices/${one.id}/${what}`);
			this.$refs.ask.close();
			if (changed.secret) return this.reveal(changed);
			this.said = filled(words.deviceRevoked, { name: one.title });
			focusHeading(this);
		});
	},

	async change(act) {
		this.said = "";
		if (await this.attempt(act)) await this.load();
	},

	reveal(device) {
		const name = device.label || words.kinds[device.kind];
		this.secret = { title: filled(words.secretTitle, { name }), user: device.id, text: device.secret };
		this.copied = "";
		this.$refs.secret.showModal();
	},

	/** Without a clipboard, as on a page that came without TLS, the text is marked, to be copied by hand. */
	async copy(field) {
		const box = this.$refs[field];
		box.select();
		try {
			await navigator.clipboard.writeText(box.value);
			this.copied = words.copied;
		} catch {
			this.copied = words.copyByHand;
		}
	},

	forget() {
		this.$refs.secret.close();
		this.secret = null;
	},
});
