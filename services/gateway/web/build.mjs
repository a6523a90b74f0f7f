// Builds what the pages load, from src/ into static/: bundled, with a hash of the content in each name, and
// manifest.json to find them by. Run by `make`, after `npm ci`.
import { createHash } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import * as esbuild from "esbuild";

const here = import.meta.dirname;
const source = (name) => join(here, "src", name);
const out = join(here, "static");
const LARGE = 256 * 1024;
const pages = ["home", "resident", "gate", "property", "official"];

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });

const common = { bundle: true, minify: true, target: ["chrome100", "safari16"], outdir: out, logLevel: "warning" };
const built = await esbuild.build({
	...common,
	entryPoints: [
		...pages.map((name) => source(`${name}.js`)),
		source("style/phone.css"),
		source("style/desk.css"),
		source("icon.svg"),
	],
	entryNames: "[name]-[hash]",
	chunkNames: "shared-[hash]",
	assetNames: "[name]-[hash]",
	format: "esm",
	splitting: true,
	metafile: true,
	loader: { ".svg": "copy", ".wasm": "file" },
	publicPath: "/static",
});

// By source: gate.js, and gate.css for the styles that it imports; what pages share goes by its own name.
const files = {};
for (const [path, one] of Object.entries(built.metafile.outputs)) {
	const name = basename(path);
	if (one.cssBundle) files[`${basename(one.entryPoint, ".js")}.css`] = basename(one.cssBundle);
	if (one.entryPoint) files[basename(one.entryPoint)] = name;
	else if (name.endsWith(".js")) files[name] = name;
	else files[basename(Object.keys(one.inputs)[0])] ??= name;
}

// The worker keeps its name, so that a browser finds the next one; its list of files makes each build another one.
// What is large is kept when a page first uses it, so that no resident's phone loads an office's charts.
const all = Object.values(files).sort();
const sizes = new Map(Object.entries(built.metafile.outputs).map(([path, one]) => [basename(path), one.bytes]));
const paths = (names) => JSON.stringify(names.map((name) => `/static/${name}`));
await esbuild.build({
	...common,
	entryPoints: [source("sw.js")],
	define: {
		FILES: paths(all.filter((name) => sizes.get(name) < LARGE)),
		SCANNER: paths(all.filter((name) => name.endsWith(".wasm"))),
		VERSION: JSON.stringify(createHash("sha256").update(all.join()).digest("hex").slice(0, 12)),
	},
});
await writeFile(join(out, "manifest.json"), JSON.stringify(files, null, "\t"));
