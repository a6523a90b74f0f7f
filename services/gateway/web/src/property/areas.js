// Areas, and how a household's path reads to people.
import { call } from "../lib/api.js";
import { words } from "../lib/page.js";

const DEPTHS = { compound: 3, building: 4 };

/** The areas of a level beneath one. What lies deeper is skipped: a cursor is an id, and `~` comes after all of them. */
export async function areasBelow(area, level) {
	const found = [];
	let after = "";
	for (;;) {
		const page = await call("GET", `/v1/areas?under=${area}&limit=200${after && `&after=${after}`}`);
		found.push(...page.items.filter((one) => one.level === level));
		if (!page.next) return found;
		const steps = page.next.split(".");
		after = steps.length < DEPTHS[level] ? page.next : `${steps.slice(0, DEPTHS[level]).join(".")}.~`;
	}
}

/** Fill the places of a sentence: `{name}`. */
export const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key]);

const called = (step) => step.slice(1).toUpperCase();

/** `….b3.u1.r502` as people say it; a building without units has `u0`. */
export function roomName(household) {
	const [building, unit, room] = household.split(".").slice(3);
	if (!room) return household;
	const names = { building: called(building), unit: called(unit), room: called(room) };
	return filled(names.unit === "0" ? words.room : words.roomOfUnit, names);
}

export const buildingName = (area) => filled(words.building, { building: called(area.split(".")[3]) });

/** The buildings of a compound, as choices, in the order in which people count. */
export async function buildingsOf(compound) {
	const found = (await areasBelow(compound, "building")).map((one) => ({ id: one.id, name: buildingName(one.id) }));
	return found.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}
