// One area's live stream. The browser resumes by itself with Last-Event-ID; where it gives up, this goes on.
import { renew } from "../lib/api.js";
import { words } from "../lib/page.js";

// A stream names its events by the kind of alert, and a browser hears only names it was told to listen for. Of a kind
// newer than this page the list tells, a little later.
const KINDS = Object.keys(words.kinds);
const SLOWEST_SECONDS = 30;

export class Feed {
	/**
	 * `on.alert(alert)` for each event; `on.opened()` when a stream stands that may have missed something before;
	 * `on.link(up)` when it comes or goes.
	 */
	constructor(area, on) {
		this.area = area;
		this.on = on;
		this.place = "";
		this.tries = 0;
		this.up = false;
	}

	open() {
		this.close();
		const query = new URLSearchParams({ area: this.area });
		if (this.place) query.set("after", this.place);
		const source = new EventSource(`/v1/alerts/stream?${query}`);
		this.source = source;
		let first = true;
		source.onopen = () => {
			this.tries = 0;
			this.link(true);
			if (first) this.on.opened();
			first = false;
		};
		source.onerror = () => {
			this.link(false);
			if (source.readyState === EventSource.CLOSED) this.later();
		};
		for (const kind of KINDS) {
			source.addEventListener(kind, (event) => {
				this.place = event.lastEventId;
				this.on.alert(JSON.parse(event.data));
			});
		}
		// Our place is gone from the feed. The whole feed would follow; the list says the same in fewer words.
		source.addEventListener("reset", () => {
			this.place = "";
			this.open();
		});
	}

	close() {
		clearTimeout(this.timer);
		this.source?.close();
		this.source = null;
	}

	/** Open again in a while, ever longer, each board at its own moment; the session may have run out meanwhile. */
	later() {
		clearTimeout(this.timer);
		const seconds = Math.min(SLOWEST_SECONDS, 2 ** this.tries) * (0.25 + Math.random() / 2);
		this.tries += 1;
		this.timer = setTimeout(() => this.renewed(), seconds * 1000);
	}

	async renewed() {
		try {
			if (await renew()) this.open();
			else document.dispatchEvent(new CustomEvent("signed-out"));
		} catch {
			this.later();
		}
	}

	link(up) {
		this.up = up;
		this.on.link(up);
	}
}
