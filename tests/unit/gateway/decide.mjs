// Decides the cases on standard input as the gate page does without network, and writes the answers to standard output.
import { readCode } from "../../../services/gateway/web/src/gate/codes.js";
import { judge } from "../../../services/gateway/web/src/gate/decide.js";
import { knowledgeOf } from "../../../services/gateway/web/src/gate/knowledge.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { codes, data, fetchedAt, cases } = JSON.parse(Buffer.concat(chunks));
const known = new Map(Object.entries(data).map(([name, raw]) => [name, raw && knowledgeOf(raw, fetchedAt)]));
const shown = new Map();
for (const [code, text] of Object.entries(codes)) {
	for (const [name, raw] of Object.entries(data)) {
		shown.set(`${code}/${name}`, await readCode(text, raw?.keys ?? { keys: [] }));
	}
}
const answers = cases.map(({ code, name, presence, moment }) =>
	judge({ ...presence, shown: shown.get(`${code}/${name}`) }, moment, known.get(name)),
);
process.stdout.write(JSON.stringify(answers));
