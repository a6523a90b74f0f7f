// Lists to take away, as spreadsheets open them.

const FORMULA = /^\s*[=+\-@＝＋－＠]|^[\t\r]/;

/** A CSV in UTF-8 with the mark by which Excel knows it. No cell becomes a formula, whoever wrote what is in it. */
export const csv = (rows) => `\ufeff${rows.map((cells) => cells.map(quoted).join(",")).join("\r\n")}\r\n`;

function quoted(cell) {
	const text = String(cell);
	return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
}

export function download(name, text) {
	const link = document.createElement("a");
	link.href = URL.createObjectURL(new Blob([text], { type: "text/csv;charset=utf-8" }));
	link.download = name;
	link.click();
	URL.revokeObjectURL(link.href);
}
