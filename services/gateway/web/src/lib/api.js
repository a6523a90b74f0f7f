// The one way to the API: same origin, the session's cookie, JSON, problems with a code and a sentence.

export class Problem extends Error {
	/** What the API answered instead of what was asked for. `status` 0: no answer came. */
	constructor(status, body) {
		super(body.detail ?? "");
		this.status = status;
		this.code = body.code ?? "";
		this.params = body.params ?? {};
		this.errors = body.errors ?? [];
	}

	/** The sentence for a field at fault, or nothing. */
	of(field) {
		return this.errors.find((one) => one.field === field)?.message ?? "";
	}

	get offline() {
		return this.status === 0;
	}
}

const language = document.documentElement.lang.slice(0, 2);
const SECONDS = 20;

/**
 * Call the API and return the JSON of its answer (null if it has none), or with `file` a Blob. Throws a Problem.
 * `body` goes as JSON, `form` as multipart, `key` as Idempotency-Key. An access token that has run out is renewed once.
 */
export async function call(method, path, options = {}) {
	let answer = await send(method, path, options);
	if (answer.status === 401 && !path.startsWith("/session") && (await renew())) {
		answer = await send(method, path, options);
	}
	const said = await read(answer, options.file);
	if (answer.ok) return said;
	const problem = new Problem(answer.status, said ?? {});
	if (answer.status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
	throw problem;
}

/** Every page of a list, up to `most` items. */
export async function all(path, most = 1000) {
	const items = [];
	let after = "";
	do {
		const page = await call("GET", `${path}${path.includes("?") ? "&" : "?"}limit=200${after}`);
		items.push(...page.items);
		after = page.next ? `&after=${encodeURIComponent(page.next)}` : "";
	} while (after && items.length < most);
	return items;
}

/**
 * Renew the session; of several tabs one does it, for a refresh token is good once. Returns whether it stands.
 * Throws a Problem if nobody could say: identity may be away for a while, and that signs nobody out.
 */
export async function renew() {
	return navigator.locks.request("menshen-session", async () => {
		const standing = await send("GET", "/session", {});
		if (standing.ok) return true;
		const renewed = await send("POST", "/session/refresh", {});
		// A service that is away has not ended anybody's session.
		if (renewed.status === 429 || renewed.status >= 500)
			throw new Problem(renewed.status, await renewed.json().catch(() => ({})));
		return renewed.ok;
	});
}

async function send(method, path, { body, form, key, seconds = SECONDS }) {
	const headers = { Accept: "application/json", "Accept-Language": language };
	if (body !== undefined) headers["Content-Type"] = "application/json";
	if (key) headers["Idempotency-Key"] = key;
	try {
		return await fetch(path, {
			method,
			headers,
			body: form ?? (body === undefined ? undefined : JSON.stringify(body)),
			signal: AbortSignal.timeout(seconds * 1000),
			cache: "no-store",
		});
	} catch {
		throw noAnswer();
	}
}

async function read(answer, file) {
	try {
		if (answer.ok && file) return await answer.blob();
		return answer.headers.get("content-type")?.includes("json") ? await answer.json() : null;
	} catch {
		// It broke off on its way.
		throw noAnswer();
	}
}

export const noAnswer = () => new Problem(0, { code: "offline", detail: document.body.dataset.offline });

/** A key under which repetitions of one intention are one. */
export const intention = () => crypto.randomUUID();
