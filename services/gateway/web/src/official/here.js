// Where one looks: the area that all parts of the page show, what lies below it, and the person who is open.
import { all } from "../lib/api.js";
import { Alpine, words } from "../lib/page.js";
import { covers } from "./alerts.js";
import { isCompound, places } from "./places.js";

const ROLES = ["official", "community_worker"];
const MOST_STAFF = 1000;

export const here = () => ({
	known: false,
	roots: [],
	rootNames: [],
	root: "",
	area: "",
	way: [],
	below: [],
	tab: "alerts",
	person: null,
	clue: null,
	/** Server's clock ahead of ours, in ms: a countdown by a wrong clock would be a lie. */
	skew: 0,
	staff: [],

	/** Find out where this account works, and how the places there are called. */
	async begin() {
		const own = Alpine.store("session").areas(...ROLES);
		this.roots = own.filter((one) => !own.some((other) => other !== one && covers(other, one)));
		await places.load().catch(() => {});
		this.rootNames = this.roots.map((id) => ({ id, name: places.name(id) }));
		if (this.roots.length) this.go(this.roots[0]);
		this.known = true;
		this.loadStaff();
	},

	end() {
		Object.assign(this, {
			known: false,
			roots: [],
			root: "",
			area: "",
			way: [],
			below: [],
			person: null,
			clue: null,
			staff: [],
		});
	},

	go(area) {
		this.area = area;
		this.root = this.roots.find((one) => covers(one, area));
		this.way = places.way(this.root, area);
		this.below = isCompound(area) ? [] : places.below(area);
	},

	/** Names of those to whom an alert may be given: officials alone are told who works where. */
	async loadStaff() {
		const session = Alpine.store("session");
		const lists = session.areas("official").map((area) => all(`/v1/staff?area=${area}`, MOST_STAFF));
		const found = await Promise.all(lists).catch(() => []);
		const unique = new Map(found.flat().map((one) => [one.id, one]));
		this.staff = [...unique.values()].filter((one) => one.active);
	},

	/** Whom an alert of an area may be given to, oneself first. */
	helpers(area) {
		const own = Alpine.store("session").account;
		const working = (one) => one.grants.some((grant) => ROLES.includes(grant.role) && covers(grant.area, area));
		const others = this.staff.filter((one) => one.id !== own && working(one));
		return [{ id: own, name: words.me }, ...others.map((one) => ({ id: one.id, name: one.username }))];
	},

	/** How an account is called here. */
	who(account) {
		if (account === Alpine.store("session").account) return words.me;
		if (account === "machine") return words.machine;
		return this.staff.find((one) => one.id === account)?.username ?? words.colleague;
	},

	/** Open a person's page or a clue's; the browser's way back leads to the board. */
	show(page, id) {
		if (!this.person && !this.clue) history.pushState({ page }, "");
		this[page] = id;
	},

	back() {
		history.back();
	},
});
