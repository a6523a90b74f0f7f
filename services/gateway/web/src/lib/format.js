// Times and numbers as people of the page's language read them. The district lives by the clock of its own zone.
import { locale } from "./page.js";

const ZONE = "Asia/Shanghai";
const formats = {
	time: new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: ZONE }),
	day: new Intl.DateTimeFormat(locale, { month: "short", day: "numeric", weekday: "short", timeZone: ZONE }),
	moment: new Intl.DateTimeFormat(locale, {
		month: "short",
		day: "numeric",
		hour: "2-digit",
		minute: "2-digit",
		hourCycle: "h23",
		timeZone: ZONE,
	}),
};

export const time = (at) => (at ? formats.time.format(new Date(at)) : "");
export const day = (at) => (at ? formats.day.format(new Date(at)) : "");
export const moment = (at) => (at ? formats.moment.format(new Date(at)) : "");
export const celsius = (value) => (value == null ? "" : `${value.toFixed(1)} °C`);

/** A span as h:mm:ss or mm:ss. */
export function span(seconds) {
	const left = Math.max(0, Math.round(seconds));
	const parts = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
	const [, minutes, rest] = parts.map((one) => String(one).padStart(2, "0"));
	return parts[0] ? `${parts[0]}:${minutes}:${rest}` : `${minutes}:${rest}`;
}

/** The wall clock of the district's zone as `YYYY-MM-DDTHH:MM`, what a date-time field shows. */
export function fieldValue(at) {
	const parts = new Intl.DateTimeFormat("sv-SE", {
		dateStyle: "short",
		timeStyle: "short",
		timeZone: ZONE,
	}).format(new Date(at));
	return parts.replace(" ", "T");
}

/** What a date-time field shows, as an instant: the zone has had +08:00 since 1991. */
export const instant = (value) => `${value}:00+08:00`;
