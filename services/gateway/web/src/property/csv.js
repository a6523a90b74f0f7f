// Lists to take away, as spreadsheets open them.

const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r]/;

/** A CSV in UTF-8 with the mark by which Excel knows it. No cell becomes a formula, whoever wrote what is in it. */
export function csv(rows) {
	const lines = rows.map((cells) => `${cells.map(quoted).join(",")}\r\n`);
	return new Blob(["\ufeff", ...lines], { type: "text/csv;charset=utf-8" });
}

function quoted(cell) {
	const text = String(cell);
	return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

export function download(name, blob) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(blob);
	link.download = name;
	link.click();
	URL.revokeObjectURL(link.href);
}
