// What one hears of an alert. A browser makes no sound before a click has asked for it.

// Hertz, one after the other.
const TUNES = { urgent: [880, 660, 880, 660], other: [523, 659] };
const NOTE_SECONDS = 0.16;
const PAUSE_MS = 2500;

export class Sound {
	rung = Number.NEGATIVE_INFINITY;

	async start() {
		this.context ??= new AudioContext();
		await this.context.resume();
		this.on = true;
		this.play("other");
	}

	stop() {
		this.on = false;
		this.context?.suspend();
	}

	/** Ring, but not over and over while alerts pour in. */
	ring(urgent) {
		const now = performance.now();
		if (!this.on || now - this.rung < PAUSE_MS) return;
		this.rung = now;
		// A phone or a sleep may have suspended it.
		this.context.resume().then(() => this.play(urgent ? "urgent" : "other"));
	}

	play(tune) {
		let at = this.context.currentTime + 0.02;
		for (const hertz of TUNES[tune]) {
			const tone = new OscillatorNode(this.context, { type: "triangle", frequency: hertz });
			const volume = new GainNode(this.context, { gain: 0 });
			volume.gain.setValueAtTime(0, at);
			volume.gain.linearRampToValueAtTime(0.4, at + 0.02);
			volume.gain.linearRampToValueAtTime(0, at + NOTE_SECONDS);
			tone.connect(volume).connect(this.context.destination);
			tone.start(at);
			tone.stop(at + NOTE_SECONDS);
			at += NOTE_SECONDS;
		}
	}
}
