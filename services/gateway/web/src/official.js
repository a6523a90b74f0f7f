import "./official.css";
import { Alpine, start } from "./lib/page.js";
import { board } from "./official/board.js";
import { clue } from "./official/clue.js";
import { figures } from "./official/figures.js";
import { gates } from "./official/gates.js";
import { here } from "./official/here.js";
import { person } from "./official/person.js";

Alpine.store("here", here());
start({ board, clue, figures, gates, person });
