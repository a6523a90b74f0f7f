// How places are called: areas by their names, what lies within a compound by its number on the door.
import { all } from "../lib/api.js";
import { locale, words } from "../lib/page.js";
import { covers } from "./alerts.js";

const MOST = 5000;
const COMPOUND = 3;
const LEVELS = ["subdistrict", "community", "compound", "building", "unit", "room"];
const chinese = locale.startsWith("zh");
const byName = new Intl.Collator(locale, { numeric: true });

export const depth = (area) => area.split(".").length;
export const above = (area) => area.split(".").slice(0, -1).join(".");
export const levelOf = (area) => LEVELS[depth(area) - 1];
export const isCompound = (area) => depth(area) === COMPOUND;

class Places {
	names = new Map();

	async load() {
		const found = await all("/v1/areas?down_to=compound", MOST);
		this.names = new Map(found.map((one) => [one.id, one.name]));
	}

	/** An area's own name; that of one which is not ours to know is its level. */
	name(area) {
		return this.names.get(area) ?? part(area) ?? words.levels[levelOf(area)];
	}

	/** A place in full, from its compound down to the room. */
	spoken(area) {
		const steps = area.split(".");
		const inside = steps.slice(COMPOUND).map((_, at) => part(steps.slice(0, COMPOUND + at + 1).join(".")));
		const rest = inside.filter(Boolean).join(chinese ? "" : ", ");
		return [this.name(steps.slice(0, COMPOUND).join(".")), rest].filter(Boolean).join(chinese ? " " : ", ");
	}

	/** The way from a root down to an area, both included. */
	way(root, area) {
		const steps = area.split(".");
		const ids = steps.map((_, at) => steps.slice(0, at + 1).join(".")).filter((one) => covers(root, one));
		return ids.map((id) => ({ id, name: this.name(id) }));
	}

	/** What lies next beneath an area. */
	below(area) {
		const found = [...this.names].filter(([id]) => above(id) === area).map(([id, name]) => ({ id, name }));
		return found.sort((one, other) => byName.compare(one.name, other.name));
	}
}

/** The one tree of this page. No part of what components watch: thousands of names would slow each look at them. */
export const places = new Places();

/** Fetch a compound's buildings, each with its name. */
export async function buildingsOf(compound) {
	const found = await all(`/v1/areas?under=${compound}&down_to=building`, MOST);
	return found.filter((one) => one.level === "building").map((one) => ({ id: one.id, name: one.name }));
}

/** A text with its number, or nothing for none. */
export const some = (text, n) => (n ? text.replace("{n}", n) : "");

/** Sort by name, 2 before 10. */
export const sorted = (places) => places.sort((one, other) => byName.compare(one.name, other.name));

function part(area) {
	const level = LEVELS[depth(area) - 1];
	const slug = area.split(".").at(-1);
	if (!words.parts[level] || slug === "u0") return null;
	return words.parts[level].replace("{n}", slug.slice(1).toUpperCase());
}
