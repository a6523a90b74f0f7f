// Tells the time as the gate page does: each step on standard input moves the wall and the counter, or brings an answer.
import { GateClock } from "../../../services/gateway/web/src/gate/clock.js";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const { wall: start, remembered, steps } = JSON.parse(Buffer.concat(chunks));
let wall = start;
let count = 5_000;
const clock = new GateClock(
	() => wall,
	() => count,
	remembered ?? undefined,
);
const told = [];
for (const { moved = 0, counted = 0, server } of steps) {
	wall += moved;
	count += counted;
	if (server !== undefined) clock.learn(server, count);
	told.push(clock.now());
}
process.stdout.write(JSON.stringify({ told, remembered: clock.remembered() }));
