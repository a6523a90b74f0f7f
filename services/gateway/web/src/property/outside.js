// Who is outside now, those first who should be back.
import { all } from "../lib/api.js";
import { moment, time } from "../lib/format.js";
import { locale, words } from "../lib/page.js";
import { buildingsOf, filled, roomName } from "./areas.js";
import { looks, whileOpen } from "./manners.js";

const SECONDS = 15;
const unit = (name) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" });
const hours = unit("hour");
const minutes = unit("minute");

export const outside = () => ({
	...looks(),
	items: [],
	buildings: [],
	building: "",
	at: "",
	stop: null,

	init() {
		this.stop = whileOpen(this, "outside", () => this.load(), SECONDS);
		this.$watch("building", () => this.load());
	},

	destroy() {
		this.stop();
	},

	get summary() {
		if (!this.known) return "";
		const late = this.items.filter((one) => one.overdue).length;
		return filled(words.outsideNow, { n: this.items.length, late });
	},

	async load() {
		const asked = this.building;
		await this.look(async () => {
			if (!this.buildings.length) this.buildings = await buildingsOf(this.area);
			const found = await all(`/v1/outings?area=${asked || this.area}`, 5000);
			// The answer to a filter that was changed meanwhile is nobody's.
			if (asked !== this.building) return;
			this.items = found.map(seen).sort((one, other) => one.due - other.due);
			this.at = filled(words.asOf, { at: time(Date.now()) });
		});
	},
});

/** Sorted by when they are due, the overdue come first by themselves. */
function seen(one) {
	const due = Date.parse(one.due);
	return {
		id: one.pass_id,
		label: one.label,
		room: roomName(one.household),
		reason: words.reasons[one.reason],
		out: moment(one.out_at),
		due,
		back: moment(one.due),
		overdue: one.overdue,
		late: one.overdue ? filled(words.late, { span: length(Date.now() - due) }) : "",
	};
}

function length(milliseconds) {
	const whole = Math.max(1, Math.round(milliseconds / 60_000));
	const parts = whole < 60 ? [] : [hours.format(Math.floor(whole / 60))];
	return [...parts, minutes.format(whole % 60)].join(" ");
}
