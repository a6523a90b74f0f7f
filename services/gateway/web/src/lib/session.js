// Who is signed in on this page, and the form by which one gets there.
import { call, Problem, renew } from "./api.js";
import { attempts } from "./attempt.js";

const KEPT = "menshen-session";

/** The session's store: `account` and `grants` once known, `known` as soon as it is clear whether there are any. */
export const session = {
	known: false,
	account: null,
	grants: [],

	/** Look whether a session stands from before; without network the last one seen here is believed. */
	async find() {
		try {
			this.take(await this.standing());
		} catch (problem) {
			if (problem instanceof Problem && (problem.offline || problem.status >= 500)) {
				const last = localStorage.getItem(KEPT);
				if (last) this.take(JSON.parse(last));
			}
		}
		this.known = true;
	},

	async standing() {
		try {
			return await call("GET", "/session");
		} catch (problem) {
			if (problem.status === 401 && (await renew())) return call("GET", "/session");
			throw problem;
		}
	},

	take({ account, grants }) {
		this.account = account;
		this.grants = grants;
		// Roles and areas, no secret and nothing of a person: what a page without network needs to show the right thing.
		localStorage.setItem(KEPT, JSON.stringify({ account, grants }));
	},

	/** The areas of a role, shortest first. */
	areas(...roles) {
		const found = this.grants.filter((one) => roles.includes(one.role)).map((one) => one.area);
		return [...new Set(found)].sort((one, other) => one.length - other.length);
	},

	/** Another window of this browser signed in or out: the cookies are shared, so the session is. */
	follow({ key, newValue }) {
		if (key !== KEPT) return;
		if (newValue) this.take(JSON.parse(newValue));
		else this.forget();
	},

	forget() {
		this.account = null;
		this.grants = [];
		localStorage.removeItem(KEPT);
	},

	async leave() {
		await call("DELETE", "/session").catch(() => {});
		this.forget();
		location.reload();
	},
};

/** The sign-in form: `byCode` for residents, by password for everybody who works here. */
export const signIn = (store) => () => ({
	...attempts(),
	phone: "",
	code: "",
	username: "",
	password: "",
	totp: "",
	needsTotp: false,
	sent: false,
	wait: 0,

	get codeLabel() {
		return this.wait ? `${this.wait} s` : "";
	},

	async sendCode() {
		await this.attempt(async () => {
			await call("POST", "/v1/auth/codes", { body: { phone: this.phone } });
			this.sent = true;
			this.wait = 60;
			const ticking = setInterval(() => {
				this.wait -= 1;
				if (this.wait <= 0) clearInterval(ticking);
			}, 1000);
		});
	},

	async byCode() {
		await this.enter({ grant: "code", phone: this.phone, code: this.code });
	},

	async byPassword() {
		const totp = this.needsTotp ? { totp: this.totp } : {};
		await this.enter({ grant: "password", username: this.username, password: this.password, ...totp });
	},

	async enter(body) {
		await this.attempt(async () => store().take(await call("POST", "/session", { body })));
		this.needsTotp = this.fault?.code === "totp_needed" || this.needsTotp;
		if (this.fault?.code !== "totp_needed") this.password = "";
	},
});
