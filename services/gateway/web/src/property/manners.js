// What the panels share: a look at what others change meanwhile, and where the keyboard goes on.

/** `look` asks for what a panel shows. What goes wrong is told apart from deeds, and nobody's button waits for it. */
export const looks = () => ({
	known: false,
	missed: null,

	async look(act) {
		try {
			await act();
			this.known = true;
			this.missed = null;
		} catch (problem) {
			this.missed = problem;
		}
	},
});

/** Call `load` now, whenever the panel's tab is opened, and every so many seconds while somebody looks at it. */
export function whileOpen(panel, tab, load, seconds = 0) {
	const seen = () => panel.$store.place.tab === tab && !document.hidden;
	const look = () => seen() && load();
	load();
	panel.$watch("$store.place.tab", look);
	document.addEventListener("visibilitychange", look);
	const ticking = seconds ? setInterval(look, seconds * 1000) : 0;
	return () => {
		document.removeEventListener("visibilitychange", look);
		clearInterval(ticking);
	};
}

/** Let the keyboard go on at an element; what is about to be shown is there with the next frame. */
export const focusOn = (panel, ref) => panel.$nextTick(() => requestAnimationFrame(() => panel.$refs[ref].focus()));

/** A row went away, and with it the button that was pressed. */
export const focusHeading = (panel) => focusOn(panel, "heading");
