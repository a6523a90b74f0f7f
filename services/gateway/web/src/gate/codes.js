// Reading what is held before the camera, with the public keys fetched last: services/gate/api/office.py says what a
// pass's claims are, menshen/gate_agent/codes.py reads them the same way.
import { base64url, compactVerify, createLocalJWKSet, decodeProtectedHeader } from "jose";

const LONGEST = 2048;
const ASCII = /^[\x21-\x7e]*$/;
const ALGORITHMS = ["Ed25519"];

/** Tell whether text has the form of a pass at all, whoever signed it. */
export function isPass(text) {
	const token = text.trim();
	const parts = token.split(".");
	if (token.length > LONGEST || parts.length !== 3 || !ASCII.test(token)) return false;
	try {
		if (!("alg" in decodeProtectedHeader(token))) return false;
		base64url.decode(parts[1]);
		return true;
	} catch {
		return false;
	}
}

/** What a code says: `{presented, fault, start, end, exempt}`. A key that is not known is `qr_signature`. */
export async function readCode(text, keys) {
	if (text.length > LONGEST || !isPass(text)) return faulty("qr_unreadable");
	try {
		const { payload } = await compactVerify(text.trim(), createLocalJWKSet(keys), { algorithms: ALGORITHMS });
		return shown(JSON.parse(new TextDecoder().decode(payload)));
	} catch {
		return faulty("qr_signature");
	}
}

/** Tell whether this browser can check a pass's signature by itself. */
export async function canCheck() {
	try {
		await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]);
		return true;
	} catch {
		return false;
	}
}

function shown({ jti, sub, aud, iat, exp, win, exm = false }) {
	const whole = [iat, exp, ...win].every(Number.isInteger) && win.length === 2;
	if (!whole || [jti, sub, aud].some((one) => typeof one !== "string")) return faulty("qr_signature");
	const presented = { passId: jti, holder: sub, compound: aud, issuedAt: iat * 1000, expires: exp * 1000 };
	return { presented, fault: null, start: win[0] * 1000, end: win[1] * 1000, exempt: exm === true };
}

function faulty(fault) {
	return { presented: null, fault, start: null, end: null, exempt: false };
}
