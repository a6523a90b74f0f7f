import "./property.css";
import { Alpine, start } from "./lib/page.js";
import { manager, place } from "./property/compounds.js";
import { devices } from "./property/devices.js";
import { gates } from "./property/gates.js";
import { outside } from "./property/outside.js";
import { residents } from "./property/residents.js";
import { review } from "./property/review.js";
import { roster } from "./property/roster.js";

Alpine.store("place", place);
start({ manager, roster, review, gates, devices, outside, residents });
