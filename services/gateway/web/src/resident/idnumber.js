// The ID number while it is typed: what is wrong with it is said before anything is sent.

import { validate } from "stdnum/lib/esm/cn/ric.js";
import { InvalidChecksum, InvalidComponent } from "stdnum/lib/esm/exceptions.js";
import { words } from "../lib/page.js";
import { fill } from "./places.js";

const LENGTH = 18;
/** Residence permits of Hong Kong, Macao and Taiwan residents, and permanent residence permits of foreigners. */
const PERMIT = /^(8[123]|9)/;

/** As the server reads it: full-width digits and a small x are taken, spaces do not matter. */
export const plain = (text) => text.normalize("NFKC").replace(/\s/g, "").toUpperCase();

/** What to say of a number so far: `{state: empty | typing | good | bad | permit, says}`. */
export function judge(text) {
	const number = plain(text);
	if (!number) return { state: "empty", says: "" };
	if (/[^0-9X]/.test(number) || number.slice(0, -1).includes("X")) return { state: "bad", says: words.id_characters };
	if (number.length > LENGTH) return { state: "bad", says: words.id_too_long };
	if (PERMIT.test(number)) return { state: "permit", says: words.id_permit };
	if (number.length < LENGTH) return { state: "typing", says: fill(words.id_typing, { count: number.length }) };
	const { isValid, error } = validate(number);
	if (isValid) return { state: "good", says: words.id_good };
	return { state: "bad", says: sentenceFor(error) };
}

/** Whether a judgement is bad news; a number too short is, once its field was left. */
export const isBad = ({ state }, left) => state === "bad" || (left && state === "typing");

function sentenceFor(error) {
	if (error instanceof InvalidChecksum) return words.id_checksum;
	if (error instanceof InvalidComponent) return words.id_birth_date;
	return words.id_characters;
}
