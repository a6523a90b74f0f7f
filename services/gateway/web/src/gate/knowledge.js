// The gate's offline data as the service sends it, made ready to decide with.

/** Read offline data fetched, or confirmed, at an instant; good until `freshUntil`, or as long as it says itself. */
export function knowledgeOf(raw, fetchedAt, freshUntil = null) {
	const revoked = new Map();
	for (const { holder, before } of raw.revoked) {
		revoked.set(holder, Math.max(Date.parse(before), revoked.get(holder) ?? 0));
	}
	const held = new Map();
	for (const { holder, kinds } of raw.held) held.set(holder, [...(held.get(holder) ?? []), ...kinds]);
	return {
		gate: raw.gate,
		area: raw.area,
		at: Date.parse(raw.at),
		fetchedAt,
		freshUntil: freshUntil ?? fetchedAt + (Date.parse(raw.fresh_until) - Date.parse(raw.at)),
		threshold: raw.threshold_c,
		retest: raw.retest_minutes * 60_000,
		feverLocksOut: raw.fever_locks_out,
		keys: raw.keys,
		revoked,
		held,
		outside: new Set(raw.outside),
		ended: new Set(raw.ended),
	};
}
