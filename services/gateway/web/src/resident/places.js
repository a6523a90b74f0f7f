// Places and sentences as people say them: never a dotted path.
import { words } from "../lib/page.js";

/** Fill `{name}` in a text. */
export const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** Building, unit (empty: none) and room of a household, with which its path ends. */
export function roomOf(household) {
	const [building, unit, room] = household
		.split(".")
		.slice(-3)
		.map((step) => step.slice(1).toUpperCase());
	return { building, unit: unit === "0" ? "" : unit, room };
}

/** A household as people write it. */
export function roomName(household) {
	const room = roomOf(household);
	return fill(room.unit ? words.room : words.room_without_unit, room);
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
