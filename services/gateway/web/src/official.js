import { start } from "./lib/page.js";

start();
