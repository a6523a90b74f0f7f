// How a pass comes in: by the camera, typed or pasted, or looked up by ID number for people without a phone.
import { call, Problem } from "../lib/api.js";
import { words } from "../lib/page.js";
import { Camera } from "./camera.js";
import { isPass } from "./codes.js";
import { placeOf } from "./said.js";
import * as sound from "./sound.js";

/** Stays outside of what Alpine watches. */
let camera = null;

export const entry = () => ({
	way: "camera",
	picture: "off",
	code: "",
	idNumber: "",
	entryFault: "",
	looking: false,
	token: "",
	person: null,

	get pictureHint() {
		return words.camera[this.picture] ?? "";
	},

	async choose(way) {
		this.way = way;
		this.entryFault = "";
		// Nobody's number stays for the next person to read.
		this.code = "";
		this.idNumber = "";
		if (way === "camera") return this.openCamera();
		if (camera) camera.looking = false;
		this.focus(way);
	},

	/** Start the picture, unless the page is not seen. */
	async openCamera() {
		if (document.hidden || this.step !== "code" || this.way !== "camera") return;
		camera ??= new Camera(
			this.$refs.video,
			(text) => this.seen(text),
			() => this.noPicture(),
		);
		if (!camera.on) this.picture = "starting";
		try {
			await camera.start();
			this.picture = "on";
			camera.look();
		} catch (error) {
			this.picture = error.name === "NotAllowedError" ? "denied" : "none";
		}
	},

	/** A hidden page holds no camera: it would only empty the battery. */
	closeCamera() {
		camera?.stop();
		this.picture = "off";
	},

	/** The camera was taken away, or its codes cannot be read here. */
	noPicture() {
		camera.stop();
		this.picture = "none";
	},

	seen(text) {
		if (this.step !== "code" || this.way !== "camera") return;
		this.entryFault = isPass(text) ? "" : words.sentences.qr_unreadable;
		if (this.entryFault) return;
		camera.looking = false;
		this.present(text);
	},

	/** Any code counts again, also the one that was read last. */
	seeAgain() {
		camera?.lookAgain();
	},

	byCode() {
		this.entryFault = isPass(this.code) ? "" : words.sentences.qr_unreadable;
		if (!this.entryFault) this.present(this.code.trim());
	},

	async byNumber() {
		this.looking = true;
		this.entryFault = "";
		try {
			const body = { gate: this.gate.id, id_number: this.idNumber };
			const found = await call("POST", "/v1/lookups", { body });
			const { label, room } = found.resident;
			this.present(found.pass.token, { label, room: placeOf(room) });
		} catch (problem) {
			if (!(problem instanceof Problem)) throw problem;
			this.entryFault = this.lookupFault(problem);
		}
		this.looking = false;
	},

	lookupFault(problem) {
		if (problem.offline) return words.lookupOffline;
		if (problem.status === 404) return words.lookupNobody;
		return problem.of("id_number") || problem.message;
	},

	/** Somebody is here with a pass. */
	present(token, person = null) {
		sound.ready();
		this.token = token;
		this.person = person;
		this.code = "";
		this.idNumber = "";
		this.go("heat");
	},
});
