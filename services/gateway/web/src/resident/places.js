// Places and sentences as people say them: never a dotted path, never a bare timestamp.
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";

/** Fill `{name}` in a text. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** A household as people write it; its path ends with building, unit (`u0`: none) and room. */
export function roomName(household) {
	const [building, unit, room] = household
		.split(".")
		.slice(-3)
		.map((step) => step.slice(1).toUpperCase());
	return fill(unit === "0" ? words.room_without_unit : words.room, { building, unit, room });
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T/;

/** A sentence of the API whose parameters may hold instants, with these as the district's clock shows them. */
export function spoken({ message, params = {} }) {
	const instants = Object.values(params).filter((value) => INSTANT.test(value));
	return instants.reduce((text, value) => text.replaceAll(value, moment(value)), message);
}

/** Compounds by the name of what they lie in, from the list of areas: `[{name, compounds}]`. */
export function byCommunity(areas) {
	const names = new Map(areas.map((one) => [one.id, one.name]));
	const groups = new Map();
	for (const one of areas.filter((area) => area.level === "compound")) {
		const above = one.id.slice(0, one.id.lastIndexOf("."));
		groups.set(above, [...(groups.get(above) ?? []), one]);
	}
	return [...groups].map(([id, compounds]) => ({ id, name: names.get(id) ?? "", compounds }));
}
