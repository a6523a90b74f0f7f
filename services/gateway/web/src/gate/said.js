// What the screen says of an answer, in people's words.
import { moment } from "../lib/format.js";
import { words } from "../lib/page.js";

const INSTANT = /\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)/g;

/** The answer's sentences, the first one first: the service's own, or for a decision made here the same from the page. */
export function sentencesOf({ decision, reasons, message, usedAt }, direction) {
	const codes = reasons.length || decision !== "allow" ? reasons : [`go_${direction}`];
	const told = codes.map((code) => words.sentences[code]).filter(Boolean);
	if (message)
		told.splice(
			0,
			1,
			message.replace(INSTANT, (at) => moment(at)),
		);
	return told.map((text) => text.replace("{used_at}", usedAt ? moment(usedAt) : "…"));
}

/** A household's path as people say it: `w.j.c01.b3.u1.r502` is building 3, unit 1, room 502. */
export function placeOf(path) {
	const [building, unit, room] = path.split(".").slice(3);
	if (!room) return path;
	const form = unit === "u0" ? words.placeWithoutUnit : words.place;
	return form
		.replace("{building}", building.slice(1))
		.replace("{unit}", unit.slice(1))
		.replace("{room}", room.slice(1));
}

/** How old something is: minutes, or hours once there are many. */
export function ageOf(milliseconds) {
	const minutes = Math.floor(milliseconds / 60_000);
	if (minutes < 1) return words.justNow;
	return minutes < 90
		? words.minutesOld.replace("{count}", minutes)
		: words.hoursOld.replace("{count}", Math.round(minutes / 60));
}
