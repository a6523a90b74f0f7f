// The gate's errands, as menshen/gate_agent/courier.py and attendant.py run them: bring what happened here to the service
// in sequence, tell that the gate is there, fetch what it must know to decide alone.
import { call, Problem } from "../lib/api.js";
import { isAway, lateItem } from "./desk.js";
import { knowledgeOf } from "./knowledge.js";

const CHUNK = 200;
const BATCH_SECONDS = 60;
const FETCH_SECONDS = 20;
const KEEP = 3 * 24 * 3600_000;
// Not at this gate, says the service: that is about who delivers, not about the scan.
const ENDED = { 200: "delivered", 403: "held", 404: "held" };

/** Deliver until nothing waits that has its answer. Throws a Problem, and goes on there the next time. */
export async function deliver(store) {
	await navigator.locks.request("menshen-gate-courier", async () => {
		for (let chunk = await answered(store); chunk.length; chunk = await answered(store)) await handOver(store, chunk);
	});
}

async function answered(store) {
	const oldest = await store.oldest(CHUNK);
	const open = oldest.findIndex((one) => one.state === "open");
	return open < 0 ? oldest : oldest.slice(0, open);
}

async function handOver(store, chunk) {
	try {
		const body = { scans: chunk.map(lateItem) };
		const { results } = await call("POST", "/v1/scans/batch", { body, seconds: BATCH_SECONDS });
		await store.end(endings(chunk, results));
	} catch (problem) {
		// 403 and 404 are about the gate or the account, not about a scan: somebody has to put that right.
		if (!(problem instanceof Problem) || isAway(problem) || [403, 404].includes(problem.status)) throw problem;
		if (chunk.length > 1) {
			// Something in it stops all of it; alone it will stop nothing but itself.
			for (const kept of chunk) await handOver(store, [kept]);
		} else {
			await store.end([{ sequence: chunk[0].sequence, state: "refused", told: problem.code }]);
		}
	}
}

function endings(chunk, results) {
	if (results.length !== chunk.length || results.some(({ status }) => status >= 500)) throw new Problem(500, {});
	return chunk.map(({ sequence }, place) => {
		const { status, error } = results[place];
		return { sequence, state: ENDED[status] ?? "refused", told: error?.code ?? null };
	});
}

/** Tell that the gate is there, and fetch its offline data; returns that, ready to decide with. */
export async function attend(store, clock, gate, known) {
	await heartbeat(store, clock, gate, known);
	const kept = known ? await store.note(`offline ${gate}`) : null;
	const fresh = await fetched(gate, kept, clock);
	await store.putNote(`offline ${gate}`, fresh);
	await store.putNote("clock", clock.remembered());
	await store.forget(clock.now().at - KEEP);
	return knowledgeOf(fresh.raw, fresh.fetchedAt, fresh.freshUntil);
}

/** The offline data of the run before. */
export async function recall(store, gate) {
	const kept = await store.note(`offline ${gate}`);
	return kept ? knowledgeOf(kept.raw, kept.fetchedAt, kept.freshUntil) : null;
}

async function heartbeat(store, clock, gate, known) {
	const body = { gate, waiting: await store.waiting(), clock: new Date().toISOString() };
	if (known) body.data_age_s = Math.max(0, Math.round((clock.now().at - known.fetchedAt) / 1000));
	const asked = clock.count();
	const { server_time } = await call("POST", "/v1/heartbeats", { body });
	clock.learn(Date.parse(server_time), asked);
}

/** Not by `call`, which shows no headers: the tag spares the way, and the time is told with a 304 too. */
async function fetched(gate, kept, clock) {
	const headers = { Accept: "application/json", ...(kept?.etag ? { "If-None-Match": kept.etag } : {}) };
	const signal = AbortSignal.timeout(FETCH_SECONDS * 1000);
	const answer = await fetch(`/v1/gates/${gate}/offline-data`, { headers, signal, cache: "no-store" }).catch(
		() => null,
	);
	if (!answer || (answer.status !== 200 && answer.status !== 304)) throw new Problem(answer?.status ?? 0, {});
	const raw = answer.status === 304 ? kept.raw : await answer.json();
	const until = answer.headers.get("Fresh-Until");
	return {
		raw,
		etag: answer.headers.get("ETag"),
		fetchedAt: clock.now().at,
		freshUntil: until ? Date.parse(until) : null,
	};
}
