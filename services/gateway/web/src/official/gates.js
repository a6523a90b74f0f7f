// The gates of the area: those of which nothing is heard come first.
import { all } from "../lib/api.js";
import { moment } from "../lib/format.js";
import { Alpine, words } from "../lib/page.js";
import { covers } from "./alerts.js";
import { places, some } from "./places.js";

const AGAIN_SECONDS = 30;
const MOST = 2000;
const SHOWN = 60;
const ORDER = ["silent", "never", "online"];

export function gates() {
	let known = [];

	return {
		list: [],
		more: "",
		silent: "",
		loaded: false,
		fault: "",

		init() {
			this.$watch("$store.here.area", () => this.sort());
			this.$watch("$store.here.known", (ready) => ready && this.load());
			document.addEventListener("alerts-came", ({ detail }) => detail.has("gate_silent") && this.load());
			setInterval(() => document.hidden || this.load(), AGAIN_SECONDS * 1000);
		},

		async load() {
			if (!Alpine.store("here").roots.length) return;
			try {
				known = await all("/v1/gates", MOST);
				this.loaded = true;
				this.fault = "";
			} catch (problem) {
				this.fault = problem.message;
			}
			this.sort();
		},

		sort() {
			const { area } = Alpine.store("here");
			const found = area ? known.filter((one) => covers(area, one.area)).map(viewOf) : [];
			found.sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.since - other.since);
			this.silent = some(words.silent, found.filter((one) => one.state === "silent").length);
			this.list = found.slice(0, SHOWN);
			this.more = some(words.more, found.length - this.list.length);
		},
	};
}

function viewOf(gate) {
	const state = gate.silent_since ? "silent" : gate.last_heard ? "online" : "never";
	return {
		id: gate.id,
		name: gate.name,
		place: places.name(gate.area),
		state,
		text: words.gates[state],
		heard: gate.last_heard ? `${words.lastHeard} ${moment(gate.last_heard)}` : "",
		since: Date.parse(gate.last_heard ?? 0),
	};
}
