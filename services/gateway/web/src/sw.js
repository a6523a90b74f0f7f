// The service worker: pages and what they load, kept for when there is no network. Answers of the API are never kept.
/* global FILES, SCANNER, VERSION */
const KEPT = `menshen-${VERSION}`;
const PAGE = /^\/(zh|en)(\/(resident|gate|property|official))?$/;
const PAGE_SECONDS = 3;

self.addEventListener("install", (event) => {
	event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(FILES)));
	self.skipWaiting();
});

self.addEventListener("activate", (event) => {
	event.waitUntil(
		(async () => {
			const old = (await caches.keys()).filter((name) => name.startsWith("menshen-") && name !== KEPT);
			await Promise.all(old.map((name) => caches.delete(name)));
			await self.clients.claim();
			await keepOpenPages();
		})(),
	);
});

self.addEventListener("fetch", (event) => {
	const { pathname, origin } = new URL(event.request.url);
	if (event.request.method !== "GET" || origin !== self.location.origin) return;
	if (pathname.startsWith("/static/")) event.respondWith(fromCache(event.request));
	else if (PAGE.test(pathname)) event.respondWith(fromNetwork(event.request));
});

/** A page that is open was loaded before this worker came, past its cache; it must load again without network, too. */
async function keepOpenPages() {
	const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
	const pages = new Set(open.map(({ url }) => new URL(url).pathname).filter((path) => PAGE.test(path)));
	const cache = await caches.open(KEPT);
	const scanner = [...pages].some((path) => path.endsWith("/gate")) ? SCANNER : [];
	await Promise.allSettled([...pages, ...scanner].map((path) => cache.add(path)));
}

async function fromCache(request) {
	const cache = await caches.open(KEPT);
	const kept = await cache.match(request);
	if (kept) return kept;
	const answer = await fetch(request);
	if (answer.ok) await cache.put(request, answer.clone());
	return answer;
}

async function fromNetwork(request) {
	const cache = await caches.open(KEPT);
	try {
		const answer = await fetch(request, { signal: AbortSignal.timeout(PAGE_SECONDS * 1000) });
		if (answer.ok) await cache.put(request, answer.clone());
		return answer;
	} catch (error) {
		const kept = await cache.match(request);
		if (kept) return kept;
		throw error;
	}
}
