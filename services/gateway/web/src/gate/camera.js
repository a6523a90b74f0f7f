// Codes before the camera, read by zxing. Its WebAssembly comes from our own files, nothing from elsewhere.
import { BarcodeDetector, prepareZXingModule } from "barcode-detector/ponyfill";
import wasm from "zxing-wasm/reader/zxing_reader.wasm";

const PAUSE = 120;
/** How long the code that was read last is passed over, while it is held before the camera still. */
const STILL_THERE = 5_000;

prepareZXingModule({ overrides: { locateFile: (path, prefix) => (path.endsWith(".wasm") ? wasm : prefix + path) } });

export class Camera {
	#detector = new BarcodeDetector({ formats: ["qr_code"] });
	#video;
	#found;
	#failed;
	#stream = null;
	#last = "";
	#until = 0;
	/** Whether codes are looked for; the picture goes on meanwhile, so that the next one is read at once. */
	looking = false;

	/** `found` is called with a code's text, `failed` when nothing can be seen any more. */
	constructor(video, found, failed) {
		this.#video = video;
		this.#found = found;
		this.#failed = failed;
	}

	get on() {
		return this.#stream !== null;
	}

	/** Ask for the camera. Throws as getUserMedia does. */
	async start() {
		if (this.#stream) return;
		const video = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
		this.#stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
		this.#video.srcObject = this.#stream;
		await this.#video.play().catch(() => {});
		for (const track of this.#stream.getTracks()) track.addEventListener("ended", () => this.#failed());
		this.#watch(this.#stream).catch(() => this.#failed());
	}

	stop() {
		for (const track of this.#stream?.getTracks() ?? []) track.stop();
		this.#stream = null;
		this.#video.srcObject = null;
	}

	/** Look for the next code; the one that was read last has to go away first. */
	look() {
		this.#until = performance.now() + STILL_THERE;
		this.looking = true;
	}

	/** Look for any code, also for the last one. */
	lookAgain() {
		this.#last = "";
		this.looking = true;
	}

	async #watch(stream) {
		while (this.#stream === stream) {
			if (this.looking && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) await this.#read();
			await new Promise((resolve) => setTimeout(resolve, PAUSE));
		}
	}

	async #read() {
		const [code] = await this.#detector.detect(this.#video);
		if (!this.looking) return;
		const text = code?.rawValue ?? "";
		if (!text || (text === this.#last && performance.now() < this.#until)) return;
		this.#last = text;
		this.#found(text);
	}
}
