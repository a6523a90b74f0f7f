// One sound for each answer, told apart without looking: up for go, three equal ones for again, low and long for stop.

const TUNES = {
	allow: {
		type: "sine",
		notes: [
			[880, 0.12],
			[1320, 0.25],
		],
	},
	recheck: {
		type: "triangle",
		notes: [
			[660, 0.12],
			[660, 0.12],
			[660, 0.12],
		],
	},
	deny: {
		type: "square",
		notes: [
			[220, 0.35],
			[165, 0.6],
		],
	},
};
const SHAKES = { allow: 60, recheck: [80, 80, 80], deny: [300, 100, 300] };
const GAP = 0.05;
const LOUD = 0.25;

let context = null;

/** A browser lets a page sound only after somebody has touched it. */
export function ready() {
	context ??= new AudioContext();
	context.resume().catch(() => {});
}

export function play(decision) {
	navigator.vibrate?.(SHAKES[decision]);
	if (!context) return;
	const { type, notes } = TUNES[decision];
	let at = context.currentTime + 0.02;
	for (const [pitch, seconds] of notes) {
		tone(type, pitch, at, seconds);
		at += seconds + GAP;
	}
}

function tone(type, pitch, at, seconds) {
	const sound = new OscillatorNode(context, { type, frequency: pitch });
	const volume = new GainNode(context, { gain: LOUD });
	volume.gain.setValueAtTime(LOUD, at + seconds * 0.7);
	volume.gain.linearRampToValueAtTime(0, at + seconds);
	sound.connect(volume).connect(context.destination);
	sound.start(at);
	sound.stop(at + seconds);
}
