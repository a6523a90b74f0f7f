// How a gate without network decides: the rules of services/gate/domain/scans.py on what menshen/gate_agent/domain knows.
// Pure: no page, no storage, no clock of its own. Instants are numbers of milliseconds.
// tests/unit/gateway/test_offline_decision.py runs the same cases through both and compares every answer.

const NOT_MEASURED_BELOW = 35.0;
const EARLY = 15 * 60_000;
const NEEDS_RETEST = ["forehead", "wrist"];
const DEFAULT_THRESHOLD = 37.3;

/**
 * Decide a scan: `{decision, reasons, usedAt, fever, retestOf}`.
 *
 * presence `{direction, temperature, site, shown, earlier}`: `shown` is what codes.js read, `earlier` what this device
 * did with the pass before (`earlierOf`). moment `{at, clock}`. known: the offline data (knowledge.js), null if none.
 * Whatever cannot be known here is left to the guard: `recheck` with the reason, never a silent pass.
 */
export function judge(presence, moment, known) {
	const threshold = known ? known.threshold : DEFAULT_THRESHOLD;
	const retestOf = known ? repeated(presence.earlier, moment.at, known.retest) : null;
	const fever = measure(presence.temperature, presence.site, threshold, retestOf !== null);
	if (presence.shown.fault === "qr_unreadable") {
		return { ...verdict("deny", ["qr_unreadable"]), fever, retestOf: null };
	}
	if (moment.clock === "unknown") return { ...leftToTheGuard("clock_unknown", presence, fever), fever, retestOf };
	if (!known || moment.at > known.freshUntil) {
		return { ...leftToTheGuard("offline_data_old", presence, fever), fever, retestOf };
	}
	const decided = decide(situation(presence, moment, known, fever));
	return { ...toldWhen(decided, presence.earlier), fever, retestOf };
}

/** Classify one measurement. A fever on forehead or wrist is confirmed only by its retest. */
export function measure(temperature, site, threshold, isRetest) {
	if (temperature < threshold) return "none";
	return NEEDS_RETEST.includes(site) && !isRetest ? "unconfirmed" : "confirmed";
}

/** What this device did with a pass, from its scans in the order in which they were made. */
export function earlierOf(scans) {
	const used = (direction) => scans.find((one) => one.decision === "allow" && one.direction === direction)?.at ?? null;
	const last = scans.at(-1);
	const unconfirmed = last?.fever === "unconfirmed" ? last : null;
	return {
		outAt: used("out"),
		inAt: used("in"),
		unconfirmedId: unconfirmed?.nonce ?? null,
		unconfirmedAt: unconfirmed?.at ?? null,
	};
}

function verdict(decision, reasons, usedAt = null) {
	return { decision, reasons, usedAt };
}

function repeated({ unconfirmedId, unconfirmedAt }, at, retest) {
	return unconfirmedAt !== null && unconfirmedAt >= at - retest ? unconfirmedId : null;
}

function leftToTheGuard(code, presence, fever) {
	const noted = { none: [], unconfirmed: ["fever_retest"], confirmed: ["fever_confirmed"] }[fever];
	const cold = presence.temperature < NOT_MEASURED_BELOW;
	return verdict("recheck", [code, ...(cold ? ["temperature_low"] : noted)]);
}

function situation(presence, moment, known, fever) {
	const { presented, fault, exempt } = presence.shown;
	return {
		direction: presence.direction,
		temperature: presence.temperature,
		fever,
		area: known.area,
		at: moment.at,
		presented,
		fault,
		admission: presented ? admissionOf(presence, known) : null,
		holds: presented ? (known.held.get(presented.holder) ?? []) : [],
		exempt,
		feverLocksOut: known.feverLocksOut,
	};
}

/** The pass as the service would know it, from the signed claims, the lists, and what happened here. */
function admissionOf({ shown, earlier }, known) {
	const { presented } = shown;
	const before = known.revoked.get(presented.holder);
	const isVoid = before !== undefined && presented.issuedAt < before;
	const ended = known.ended.has(presented.passId) && !isVoid;
	const outside = ended || known.outside.has(presented.passId);
	const outAt = earlier.outAt ?? (outside ? known.at : null);
	return {
		compound: presented.compound,
		start: shown.start,
		end: shown.end,
		outAt,
		inAt: earlier.inAt ?? (ended ? known.at : null),
		// Whoever is outside still comes home.
		revoked: isVoid && outAt === null,
	};
}

/** Leave out when a pass was used if it was not here: the lists say that it was, not when. */
function toldWhen(decided, { outAt, inAt }) {
	const here = decided.usedAt !== null && (decided.usedAt === outAt || decided.usedAt === inAt);
	return here ? decided : { ...decided, usedAt: null };
}

function decide(situation) {
	const fault = passFault(situation);
	if (fault) return fault;
	if (situation.temperature < NOT_MEASURED_BELOW) return verdict("recheck", ["temperature_low"]);
	if (situation.fever === "unconfirmed") return verdict("recheck", ["fever_retest"]);
	return situation.direction === "out" ? wayOut(situation) : wayIn(situation);
}

function passFault({ presented, fault, admission, at, direction, area }) {
	const deny = (code, usedAt) => verdict("deny", [code], usedAt);
	if (!presented) return deny(fault ?? "qr_unreadable");
	if (at >= presented.expires) return deny("qr_expired");
	const used = direction === "in" ? admission.inAt : (admission.outAt ?? admission.inAt);
	if (used !== null) return deny("pass_already_used", used);
	if (admission.revoked) return deny("pass_revoked");
	if (!covers(admission.compound, area)) return deny("wrong_compound");
	if (direction === "out" && at < admission.start - EARLY) return deny("window_not_open");
	if (direction === "out" && at > admission.end) return deny("window_over");
	return null;
}

function wayOut({ holds, exempt, fever }) {
	const against = exempt ? [] : [...new Set(holds)].sort();
	if (fever === "confirmed") against.unshift("fever_confirmed");
	return verdict(against.length ? "deny" : "allow", against);
}

function wayIn({ admission, at, fever, feverLocksOut }) {
	const notes = [];
	if (fever === "confirmed") {
		if (feverLocksOut) return verdict("deny", ["fever_confirmed"]);
		notes.push("fever_confirmed", "isolate_at_home");
	}
	if (admission.outAt === null) notes.push("no_exit_recorded");
	if (at > admission.end) notes.push("overdue_return");
	return verdict("allow", notes);
}

function covers(area, other) {
	return other === area || other.startsWith(`${area}.`);
}
