// The list on the page: one element for each row, kept by the alert's id, touched only where its row is another.
// By hand, since hundreds of rows come at once on the worst day, and every second moves their countdowns.

/** Fill the parts of an element: `data-text` and `data-show` name what of the row they show. */
function fill(element, row) {
	for (const part of element.querySelectorAll("[data-text]")) {
		const text = row[part.dataset.text];
		part.textContent = text;
		part.hidden = !text;
	}
	for (const part of element.querySelectorAll("[data-show]")) part.hidden = !row[part.dataset.show];
	element.className = `${row.kind} ${row.state}`;
}

export class List {
	items = new Map();

	/** `act(name, row, element)` when a button (`data-act`) or form (`data-form`) of a row is used. */
	constructor(element, template, act) {
		this.element = element;
		this.template = template;
		element.addEventListener("click", (event) => {
			const name = event.target.closest("[data-act]")?.dataset.act;
			if (name) this.tell(act, name, event.target);
		});
		element.addEventListener("submit", (event) => {
			event.preventDefault();
			this.tell(act, event.target.dataset.form, event.target);
		});
	}

	tell(act, name, target) {
		const { element, row } = this.items.get(target.closest("[data-id]").dataset.id);
		act(name, row, element);
	}

	/** Show these rows in this order. */
	show(rows) {
		const wanted = new Set(rows.map((row) => row.id));
		for (const [id, { element }] of this.items) {
			if (wanted.has(id)) continue;
			element.remove();
			this.items.delete(id);
		}
		let next = this.element.firstElementChild;
		for (const row of rows) {
			const { element } = this.item(row);
			if (element === next) next = next.nextElementSibling;
			else this.element.insertBefore(element, next);
		}
	}

	item(row) {
		let item = this.items.get(row.id);
		if (!item) {
			const element = this.template.content.firstElementChild.cloneNode(true);
			element.dataset.id = row.id;
			item = { element, row: null, clock: element.querySelector(".clock"), left: element.querySelector(".left") };
			this.items.set(row.id, item);
		}
		if (item.row !== row) fill(item.element, row);
		item.row = row;
		return item;
	}

	/** Move the countdowns on. */
	tick(left, pressing) {
		for (const { row, clock, left: shown } of this.items.values()) {
			if (!row.due) continue;
			shown.textContent = left(row.due);
			clock.classList.toggle("pressing", pressing(row.due));
		}
	}
}
