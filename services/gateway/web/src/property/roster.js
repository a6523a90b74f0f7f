// Importing the roster: one file, what became of its rows, and what is to be corrected.
import { call } from "../lib/api.js";
import { attempts } from "../lib/attempt.js";
import { words } from "../lib/page.js";
import { filled } from "./areas.js";
import { csv, download } from "./csv.js";
import { focusOn } from "./manners.js";
import { upload } from "./upload.js";

const MOST_BYTES = 8 * 1024 * 1024 - 4096;
const SHOWN = 100;
const SECONDS = 180;
const HEADERS = "building unit room floor_area bedrooms living_rooms name id_number phone relation".split(" ");

export const roster = () => ({
	...attempts(),
	over: false,
	percent: 0,
	held: null,
	result: null,
	rejected: [],
	refusal: "",
	copy: attempts(),

	get state() {
		if (!this.busy) return "";
		return this.percent < 100 ? words.uploading : words.checking;
	},

	get listed() {
		return this.rejected.slice(0, SHOWN);
	},

	get rest() {
		const left = this.rejected.length - SHOWN;
		return left > 0 ? filled(words.rest, { n: left }) : "";
	},

	/** The rows that were left out: a row with two faults is listed twice and counts once. */
	get left() {
		return new Set(this.rejected.map((one) => one.row)).size;
	},

	get rows() {
		return this.result ? this.result.imported + this.result.changed + this.result.unchanged : 0;
	},

	choose(event) {
		const files = [...event.target.files];
		this.take(files);
		// The same file, corrected, is another choice.
		event.target.value = "";
	},

	drop(event) {
		this.over = false;
		this.take([...event.dataTransfer.files]);
	},

	leave(event) {
		// Going over a child is not leaving.
		if (!event.currentTarget.contains(event.relatedTarget)) this.over = false;
	},

	async take(files) {
		if (this.busy || files.length === 0) return;
		this.percent = 0;
		this.result = null;
		this.rejected = [];
		this.copy = attempts();
		this.fault = null;
		this.held = files[0];
		this.refusal = files.length > 1 ? words.oneFile : await this.hold(files[0]);
		if (!this.refusal) await this.attempt(() => this.send());
		this.rejected = this.fault ? faultsOf(this.fault) : rowsOf(this.result);
		focusOn(this, "outcome");
	},

	/** Keep the file as it is now, for on the disk it may be changed. Returns what is the matter with it, if anything. */
	async hold(file) {
		if (file.size > MOST_BYTES) return words.tooLarge;
		try {
			this.held = new File([await file.arrayBuffer()], file.name);
			return "";
		} catch {
			// A folder can be dropped like a file, and read by nobody.
			return words.unreadable;
		}
	},

	get form() {
		const form = new FormData();
		form.set("area", this.area);
		form.set("file", this.held);
		return form;
	},

	async send() {
		this.result = await upload("/v1/rosters", this.form, (share) => {
			this.percent = Math.round(share * 100);
		});
		// Whoever waited for this roster is verified now.
		this.$dispatch("roster-imported");
	},

	/** The rejected rows as they stood, to be corrected: out of the file, for nobody else keeps them. */
	async saveRows() {
		const options = { form: this.form, file: true, seconds: SECONDS };
		await this.copy.attempt(async () => {
			download(words.rowsName, await call("POST", "/v1/rosters/rejected", options));
		});
	},

	saveList() {
		const rows = this.rejected.map((one) => [this.held.name, one.row, one.column, one.message]);
		download(words.listName, csv([[words.file, words.row, words.column, words.reason], ...rows]));
	},

	saveTemplate() {
		download(words.templateName, csv([HEADERS.map((one) => words.columns[one])]));
	},
});

const rowsOf = (result) =>
	(result?.rejected ?? []).map(({ row, column, message }) => ({
		row,
		column: words.columns[column] ?? column,
		message,
	}));

/** The faults of a file that was refused as a whole name a cell, such as C7. */
const faultsOf = (problem) =>
	problem.errors.map(({ field, message }) => {
		const cell = /^([A-Z]{1,3})(\d+)$/.exec(field);
		return cell ? { row: cell[2], column: cell[1], message } : { row: "", column: field, message };
	});
