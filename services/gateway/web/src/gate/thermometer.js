// The number pad: three digits are a temperature, and what cannot be one is said while it is typed.
import { words } from "../lib/page.js";

const LEAST = 30;
const MOST = 45;
const NOT_MEASURED_BELOW = 35;
const FAHRENHEIT = [86, 113];

export const thermometer = () => ({
	digits: "",
	site: "forehead",
	sites: ["forehead", "wrist", "ear", "armpit"],
	keys: ["1", "2", "3", "4", "5", "6", "7", "8", "9"],
	retest: false,

	/** As a thermometer shows it: the point comes by itself. */
	get reading() {
		return this.digits.length > 2 ? `${this.digits.slice(0, 2)}.${this.digits.slice(2)}` : this.digits;
	},

	get celsius() {
		return this.digits.length < 2 ? null : Number(this.reading);
	},

	get plausible() {
		return this.celsius !== null && this.celsius >= LEAST && this.celsius <= MOST;
	},

	/** What the number means, while it is typed: `fault`, `warn` or nothing. */
	get remark() {
		if (this.celsius === null) return null;
		if (!this.plausible) {
			const fahrenheit = this.celsius >= FAHRENHEIT[0] && this.celsius <= FAHRENHEIT[1];
			return { kind: "fault", text: fahrenheit ? words.fahrenheit : words.outOfRange };
		}
		if (this.celsius < NOT_MEASURED_BELOW) return { kind: "warn", text: words.low };
		const fever = this.status.threshold !== null && this.celsius >= this.status.threshold;
		return fever ? { kind: "warn", text: words.fever } : null;
	},

	siteName(site) {
		return words.sites[site];
	},

	press(key) {
		if (this.digits.length < 3) this.digits += key;
	},

	rubOut() {
		this.digits = this.digits.slice(0, -1);
	},

	/** From a keyboard or a thermometer that types: `36,5`, `36.5` and `365` are the same. */
	typed(event) {
		this.digits = event.target.value.normalize("NFKC").replace(/\D/g, "").slice(0, 3);
		event.target.value = this.reading;
	},
});
