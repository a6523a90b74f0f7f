// When somebody goes out: at their usual time if they have one, else now.
import { day, fieldValue, instant, time } from "../lib/format.js";
import { words } from "../lib/page.js";
import { fill } from "./places.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const USUAL_HOURS = 2;
const RECENT = 5;
const WORTH = 30 * MINUTE;
/** A usual window of today that has less than this left is over. */

const minuteOfDay = (at) => {
	const [hours, minutes] = fieldValue(at).slice(11).split(":").map(Number);
	return hours * 60 + minutes;
};
const middle = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const quarter = (minutes) => Math.round(minutes / 15) * 15;
const startOfDay = (at) => Date.parse(instant(`${fieldValue(at).slice(0, 10)}T00:00`));
const asWindow = (start, end) => ({ start: new Date(start).toISOString(), end: new Date(end).toISOString() });

/** The longest outing that the rules allow, for which two hours are enough otherwise. */
const span = (rules) => Math.min(USUAL_HOURS, rules["exit.max_hours"] ?? USUAL_HOURS) * HOUR;

/** From now on; where that would meet the hours in which nobody goes out, from their end on. */
export function soon(rules, now) {
	const start = Math.floor(now / MINUTE) * MINUTE;
	const closed = rules["exit.closed_hours"];
	if (!closed) return asWindow(start, start + span(rules));
	const [closes, opens] = closed.split("-").map((one) => {
		const [hours, minutes] = one.split(":").map(Number);
		return hours * 60 + minutes;
	});
	const closedFor = ((opens - closes + 24 * 60) % (24 * 60)) * MINUTE;
	const meets = (from) => {
		// The closed span of yesterday evening, tonight and tomorrow.
		const spans = [-1, 0, 1].map((days) => startOfDay(from) + days * DAY + closes * MINUTE);
		return spans.find((at) => from < at + closedFor && at < from + span(rules));
	};
	const met = meets(start);
	const from = met === undefined ? start : met + closedFor;
	return asWindow(from, from + span(rules));
}

/** The next time at which this person usually goes out, by the middle of their last outings; null without any. */
export function usual(exits, rules, now) {
	const past = exits.filter((one) => one.status === "approved" && Date.parse(one.end) < now).slice(0, RECENT);
	if (!past.length) return null;
	const length = Math.min(
		middle(past.map((one) => Date.parse(one.end) - Date.parse(one.start))),
		(rules["exit.max_hours"] ?? 24) * HOUR,
	);
	const start = startOfDay(now) + quarter(middle(past.map((one) => minuteOfDay(one.start)))) * MINUTE;
	if (start + length - WORTH > now) return asWindow(Math.max(start, now), start + length);
	return asWindow(start + DAY, start + DAY + length);
}

/** A window for an instant from which one may go out again: at the usual hour of that day, else from nine. */
export function from(opens, offered) {
	const first = Date.parse(opens);
	const at = offered ? minuteOfDay(offered.start) : 9 * 60;
	const length = offered ? Date.parse(offered.end) - Date.parse(offered.start) : USUAL_HOURS * HOUR;
	const start = Math.max(startOfDay(first) + at * MINUTE, first);
	return asWindow(start, start + length);
}

/** `today 14:00–16:00`, with the day if it is another one. */
export function label({ start, end }, now = Date.now()) {
	const span_ = `${time(start)}–${time(end)}`;
	const days = Math.round((startOfDay(start) - startOfDay(now)) / DAY);
	const name = { 0: words.today, 1: words.tomorrow }[days] ?? day(start);
	return fill(words.day_and_time, { day: name, time: span_ });
}
