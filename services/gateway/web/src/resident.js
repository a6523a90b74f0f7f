// The resident's page: one shell whose four sections change by the address's hash, for a PWA has no page loads.
import "./resident.css";
import { Alpine, start } from "./lib/page.js";
import { clueForm, clues } from "./resident/clues.js";
import { going } from "./resident/going.js";
import { outings } from "./resident/outings.js";
import { pass } from "./resident/pass.js";
import { person } from "./resident/person.js";
import { registration } from "./resident/registration.js";
import { relative } from "./resident/relative.js";
import { appealing, route, shell } from "./resident/shell.js";

Alpine.store("route", route);
Alpine.store("person", person);
Alpine.store("outings", outings);
Alpine.store("clues", clues);

start({ shell, registration, relative, pass, going, clueForm, appealing });
