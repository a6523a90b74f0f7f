// What one does about an alert, in its row: acknowledge, assign, resolve.
import { call } from "../lib/api.js";
import { Alpine } from "../lib/page.js";

const BODIES = {
	acknowledge: () => undefined,
	assign: (form) => ({ to: form.elements.to.value }),
	resolve: (form) => ({ outcome: form.elements.outcome.value }),
};

/** Moves alerts; `took(alert)` is told what became of one. */
export class Moves {
	constructor(took) {
		this.took = took;
	}

	/** Open one of a row's forms, or close it; one at a time. */
	unfold(row, element, name) {
		const open = element.querySelector(`form[data-form="${name}"]`);
		this.fold(element);
		if (open) return;
		const form = document.getElementById(`form-${name}`).content.firstElementChild.cloneNode(true);
		const { to } = form.elements;
		if (to) for (const one of Alpine.store("here").helpers(row.area)) to.add(new Option(one.name, one.id));
		element.querySelector(".acts").after(form);
		element.querySelector(`[data-act="${name}-form"]`).setAttribute("aria-expanded", "true");
		form.querySelector("select").focus();
	}

	fold(element) {
		element.querySelector("form")?.remove();
		for (const button of element.querySelectorAll("[aria-expanded]")) button.setAttribute("aria-expanded", "false");
		this.complain(element, "");
	}

	async move(row, element, step) {
		const form = element.querySelector("form");
		const body = BODIES[step](form);
		this.busy(element, true);
		try {
			const alert = await call("POST", `/v1/alerts/${row.id}/${step}`, { body });
			this.fold(element);
			this.busy(element, false);
			this.took(alert);
			// Whoever works by keyboard stays where they are.
			const next = element.isConnected && element.querySelector(".acts button:not([hidden])");
			(next || document.getElementById("alerts-title")).focus();
		} catch (problem) {
			this.busy(element, false);
			this.complain(element, problem.message);
		}
	}

	busy(element, yes) {
		element.setAttribute("aria-busy", yes);
		for (const button of element.querySelectorAll(".acts button, form button")) button.disabled = yes;
	}

	complain(element, text) {
		const fault = element.querySelector(".fault");
		fault.textContent = text;
		fault.hidden = !text;
	}
}
