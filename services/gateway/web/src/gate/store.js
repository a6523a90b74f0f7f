// What this device keeps, in IndexedDB: every scan before anything is answered, and what must outlive a reload.
// A scan is `open` until it has its answer, `waiting` until the service has it, then `delivered`, or `refused` for good;
// `held` while whoever is signed in does not work at its gate.
import { openDB } from "idb";

const NAME = "menshen-gate";
const VERSION = 1;
/** On the disk before the promise resolves, as far as the browser can promise that. */
const STRICT = { durability: "strict" };

export async function openStore() {
	const db = await openDB(NAME, VERSION, {
		upgrade(fresh) {
			const scans = fresh.createObjectStore("scans", { keyPath: "sequence", autoIncrement: true });
			scans.createIndex("state", "state");
			scans.createIndex("pass", "passId");
			fresh.createObjectStore("notes");
		},
	});
	// Otherwise a browser that runs out of room may throw undelivered scans away.
	navigator.storage?.persist?.().catch(() => {});
	return new GateStore(db);
}

export class GateStore {
	#db;

	constructor(db) {
		this.#db = db;
	}

	/** Keep a scan and return its sequence. */
	async add(scan) {
		const change = this.#db.transaction("scans", "readwrite", STRICT);
		const [sequence] = await Promise.all([change.store.add({ ...scan, state: "open" }), change.done]);
		return sequence;
	}

	/** Keep how a scan was answered, and count it for the shift, both or neither. The first answer stays. */
	async settle(sequence, outcome) {
		const change = this.#db.transaction(["scans", "notes"], "readwrite", STRICT);
		const scans = change.objectStore("scans");
		const kept = await scans.get(sequence);
		if (kept?.state === "open") {
			await scans.put(done({ ...kept, ...outcome }));
			const shift = await change.objectStore("notes").get("shift");
			if (shift) await change.objectStore("notes").put(counted(shift, { ...kept, ...outcome }), "shift");
		}
		await change.done;
	}

	/** Mark scans as taken by the service, refused by it for good, or held; all of them or none. */
	async end(endings) {
		const change = this.#db.transaction("scans", "readwrite", STRICT);
		for (const { sequence, state, told } of endings) {
			const kept = await change.store.get(sequence);
			if (kept) await change.store.put(done({ ...kept, state, told }));
		}
		await change.done;
	}

	/** A pass's scans on this device that have an answer, as they were made. */
	async ofPass(passId) {
		const scans = await this.#db.getAllFromIndex("scans", "pass", passId);
		return scans.filter((one) => one.state !== "open").sort((one, other) => one.sequence - other.sequence);
	}

	/** What the service does not have yet, in sequence. */
	async oldest(limit) {
		const both = await Promise.all(["open", "waiting"].map((state) => this.#in(state, limit)));
		return both
			.flat()
			.sort((one, other) => one.sequence - other.sequence)
			.slice(0, limit);
	}

	async waiting() {
		const both = await Promise.all([this.count("open"), this.count("waiting")]);
		return both[0] + both[1];
	}

	/** How many are in a state. */
	count(state) {
		return this.#db.countFromIndex("scans", "state", state);
	}

	/** Let what was held wait again: somebody else may deliver it. */
	async release() {
		const change = this.#db.transaction("scans", "readwrite", STRICT);
		for await (const cursor of change.store.index("state").iterate("held")) {
			await cursor.update({ ...cursor.value, state: "waiting" });
		}
		await change.done;
	}

	/** Remove what the service has had for long enough. */
	async forget(before) {
		const change = this.#db.transaction("scans", "readwrite");
		for await (const cursor of change.store.index("state").iterate("delivered")) {
			if (cursor.value.at < before) await cursor.delete();
		}
		await change.done;
	}

	note(key) {
		return this.#db.get("notes", key);
	}

	async putNote(key, value) {
		await this.#db.put("notes", value, key);
	}

	#in(state, limit) {
		return this.#db.getAllFromIndex("scans", "state", state, limit);
	}
}

/** What is with the service needs neither its code nor its temperature here any more. */
function done(scan) {
	if (scan.state !== "delivered") return scan;
	const { body, told, ...rest } = scan;
	return rest;
}

const COUNTED = { deny: () => "refused", recheck: () => "rechecks", allow: (direction) => direction };

function counted(shift, { decision, direction }) {
	const name = COUNTED[decision]?.(direction);
	return name ? { ...shift, [name]: shift[name] + 1 } : shift;
}
