// An alert as a row of the board: everything that is shown, in words.
import { celsius, moment } from "../lib/format.js";
import { named, words } from "../lib/page.js";
import { above, levelOf, places, some } from "./places.js";

const FACTS = {
	fever: (facts) => celsius(facts.temperature_c),
	clue: (facts) => named(words.categories, facts.category),
	gate_silent: (facts) => `${words.lastHeard} ${moment(facts.last_heard)}`,
};

const CLUES = ["clue", "clue_overdue"];

/** `here` says how people are called. */
export function rowOf(alert, here) {
	const { facts } = alert;
	const open = alert.state === "open";
	return {
		id: alert.id,
		kind: alert.kind,
		state: alert.state,
		area: alert.area,
		title: words.kinds[alert.kind] ?? alert.title,
		fact: FACTS[alert.kind]?.(facts) ?? "",
		name: facts.resident ? (alert.label ?? "") : "",
		thing: facts.resident ? "" : (alert.label ?? ""),
		resident: facts.resident ?? null,
		clue: CLUES.includes(alert.kind) ? alert.cause : null,
		read: CLUES.includes(alert.kind) ? words.read : "",
		place: places.spoken(alert.area),
		at: moment(alert.last_at),
		times: alert.count > 1 ? some(words.times, alert.count) : "",
		status: statusOf(alert, here),
		turn: open ? turnOf(alert.level) : "",
		up: open && alert.escalates_at ? turnOf(above(alert.level)) : "",
		due: open && alert.escalates_at ? Date.parse(alert.escalates_at) : null,
		open,
		undone: alert.state !== "resolved",
	};
}

function turnOf(level) {
	return places.names.get(level) ?? words.levels[levelOf(level)] ?? "";
}

function statusOf(alert, here) {
	const text = named(words.states, alert.state);
	const who = { acknowledged: alert.acknowledged_by, assigned: alert.assigned_to, resolved: alert.resolved_by }[
		alert.state
	];
	const outcome = alert.state === "resolved" ? named(words.outcomes, alert.outcome) : "";
	return [text, who ? here.who(who) : "", outcome].filter(Boolean).join(" · ");
}
