// The page's frame: which compound is worked on, and which tab is open.
import { call } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { areasBelow } from "./areas.js";

const TABS = ["roster", "review", "gates", "outside", "residents"];
const KEPT = "menshen-compound";
const COMPOUND_DEPTH = 3;

/** The compound chosen. `shown` holds it alone: the panels are made anew for another one, so that nothing is mixed up. */
export const place = {
	tab: TABS[0],
	compounds: [],
	area: "",
	shown: [],
	waiting: "",

	take(area) {
		this.area = area;
		this.shown = area ? [area] : [];
		this.waiting = "";
		if (area) localStorage.setItem(KEPT, area);
	},

	get name() {
		return this.compounds.find((one) => one.id === this.area)?.name ?? "";
	},
};

export const manager = () => ({
	...attempts(),
	looked: false,

	init() {
		this.follow();
		window.addEventListener("hashchange", () => this.follow());
		this.$watch("$store.session.account", (account) => this.enter(account));
		// A file that misses its place would else replace the page.
		for (const kind of ["dragover", "drop"]) window.addEventListener(kind, (event) => event.preventDefault());
	},

	async enter(account) {
		const store = this.$store.place;
		this.looked = false;
		store.take("");
		if (!account) return;
		await this.attempt(async () => {
			store.compounds = await compoundsOf(this.$store.session.areas("property_manager"));
			const kept = store.compounds.find((one) => one.id === localStorage.getItem(KEPT));
			store.take((kept ?? store.compounds[0])?.id ?? "");
			this.looked = true;
		});
	},

	follow() {
		const tab = location.hash.slice(1);
		if (!TABS.includes(tab) || tab === this.$store.place.tab) return;
		// What was asked on a tab that is left, by the browser's way back, would else hold the whole page.
		for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
		this.$store.place.tab = tab;
	},

	/** At once, not only when the browser tells of the new address: the next key may come before that. */
	open(tab) {
		location.hash = tab;
		this.follow();
	},

	/** The arrows go through the tabs, as the pattern for tabs has it. */
	move(event) {
		const at = TABS.indexOf(this.$store.place.tab);
		const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: -1 }[event.key];
		if (to === undefined) return;
		event.preventDefault();
		const tab = TABS.at(to % TABS.length);
		this.open(tab);
		document.getElementById(`tab-${tab}`).focus();
	},
});

async function compoundsOf(areas) {
	const found = [];
	for (const area of areas) {
		if (area.split(".").length < COMPOUND_DEPTH) found.push(...(await areasBelow(area, "compound")));
		else found.push(await call("GET", `/v1/areas/${area}`));
	}
	const once = new Map(found.map((one) => [one.id, one]));
	return [...once.values()].sort((one, other) => one.name.localeCompare(other.name));
}
