// Builds the page: node build.mjs OUT ENGINE FLINT MATHFONT
//   OUT       the folder to write
//   ENGINE    the folder whose package `whygrad` runs in the browser
//   FLINT     python-flint's wheel for Pyodide
//   MATHFONT  the maths font as woff2
// Everything but index.html, the service worker and the icon lies in a folder named by the contents, so that
// files of two versions never meet.
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { fileURLToPath, pathToFileURL } from "node:url";
import { unpack } from "./src/pack.ts";

const [out, engine, flint, mathFont] = process.argv.slice(2).map((name) => path.resolve(name));
const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(process.cwd(), "node_modules");
// What it is built with lies where it was fetched, not beside this file.
const { default: esbuild } = await import(pathToFileURL(path.join(modules, "esbuild", "lib", "main.js")).href);
const from = (...names) => path.join(here, ...names);
const target = ["es2022"];

/** Python files that no question of the page needs: fitting, other media, the command line. */
const LEFT_OUT =
  /^whygrad\/(cli|__main__|notebook|api_extra)\.py$|^whygrad\/(train\/(?!__init__|written)|backends\/native\/|teach\/(film|video|beamer|handout|slides|press|pictures|typst_page|sheet|slide_theme)|page\/(server|files))/;

const assets = new Map();
const put = (name, content) => assets.set(name, Buffer.from(content));

// A stack of Pyodide's quotes its source, a megabyte in one line: the message alone is of use.
process.on("uncaughtException", (error) => {
  process.stderr.write(`${String(error?.message ?? error).slice(0, 4000)}\n`);
  process.exit(1);
});

// --- Python ------------------------------------------------------------------------------------

const { loadPyodide } = await import(pathToFileURL(path.join(modules, "pyodide", "pyodide.mjs")).href);
const PACK = fs.readFileSync(from("pack.py"), "utf8");

const python = await loadPyodide();
python.runPython(PACK);
python.unpackArchive(new Uint8Array(fs.readFileSync(flint)), "wheel", { extractDir: "/flint" });
python.mountNodeFS("/source", engine);
const bytes = (made) => {
  const copy = made.toJs();
  made.destroy();
  return copy;
};
const gzip = (content) => zlib.gzipSync(content, { level: 9 });
const pack = python.globals.get("pack");
const kept = (name) => name.startsWith("whygrad/") && !LEFT_OUT.test(name);
const notFlint = /^flint\/test\/|\.pyi$|\.pxd$|RECORD$|py\.typed$|METADATA$/;
python.globals.get("slim")("/flint", "/source");
const packs = {
  "flint.pack": bytes(pack("/flint", (name) => !notFlint.test(name))),
  "engine.pack": bytes(pack("/source", kept)),
};
for (const [name, content] of Object.entries(packs)) put(name, gzip(content));

/** Python as it is once it has started and loaded what the engine takes from its library. */
const starting = await loadPyodide({ _makeSnapshot: true });
starting.runPython(`${PACK}\npreload()`);
const snapshot = starting.makeMemorySnapshot();
put("python.pack", gzip(snapshot));

// The page is filled by the very files that it will load.
const ready = await loadPyodide({ _loadSnapshot: snapshot });
for (const content of Object.values(packs)) unpack(ready.FS, content);
ready.runPython("import sys; sys.path.insert(0, '/lib/whygrad'); from whygrad.worker import answer");
const answer = ready.globals.get("answer");
const ask = (question) => {
  const found = JSON.parse(answer(JSON.stringify(question)));
  if (found.error) throw new Error(found.error.text);
  return found;
};
const first = ask({ verb: "derive", cost: "logistic" });
const gallery = ask({ verb: "gallery" }).costs.map(({ name, title, text }) => ({ name, title, text }));
const theme = ready.runPython("from whygrad.page.style import theme_css; theme_css()");
const version = ready.runPython("import whygrad; whygrad.__version__");

// --- TypeScript and styles ---------------------------------------------------------------------

const bundle = async (entry, format, define = {}) => {
  const made = await esbuild.build({
    entryPoints: [from("src", entry)],
    bundle: true,
    minify: true,
    write: false,
    format,
    target,
    nodePaths: [modules],
    legalComments: "inline",
    define: { VERSION: JSON.stringify(version), ...define },
    charset: "utf8",
    logLevel: "warning",
  });
  return made.outputFiles[0].text;
};
put("app.js", await bundle("app.ts", "esm"));
put("engine-worker.js", await bundle("engine-worker.ts", "esm"));
const descent = await bundle("descent-worker.ts", "iife");
put("play-frame.js", await bundle("play-frame.ts", "iife", { DESCENT: JSON.stringify(descent) }));
put("editor-frame.js", await bundle("editor-frame.ts", "iife"));
const css = await esbuild.build({
  entryPoints: [from("src", "style.css")],
  bundle: true,
  minify: true,
  write: false,
  external: ["*.woff2"],
  target: ["chrome120", "firefox120", "safari17"],
});
put("style.css", theme + css.outputFiles[0].text);
for (const name of ["play.html", "editor.html"]) put(name, fs.readFileSync(from("src", name)));

// --- files of others ---------------------------------------------------------------------------

for (const name of ["pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json"])
  put(`pyodide/${name}`, fs.readFileSync(path.join(modules, "pyodide", name)));
put("fonts/STIXTwoMath.woff2", fs.readFileSync(mathFont));
const text = path.join(modules, "@fontsource-variable", "stix-two-text", "files");
for (const style of ["normal", "italic"])
  put(`fonts/STIXTwoText-${style}.woff2`, fs.readFileSync(path.join(text, `stix-two-text-latin-wght-${style}.woff2`)));
const mathlive = path.join(modules, "mathlive", "fonts");
for (const name of fs.readdirSync(mathlive))
  if (name.endsWith(".woff2")) put(`fonts/mathlive/${name}`, fs.readFileSync(path.join(mathlive, name)));
put("gallery.json", JSON.stringify(gallery));
for (const data of ["course-lab", "breast-cancer"])
  put(`data/${data}.csv`, fs.readFileSync(from("..", "examples", "data", `${data}.csv`)));

// --- the pages ---------------------------------------------------------------------------------

const prerender = await bundle("prerender.ts", "esm");
const scratch = path.join(out, "prerender.mjs");
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(scratch, prerender);
const { firstPaint } = await import(pathToFileURL(scratch).href);
fs.rmSync(scratch);

const hash = createHash("sha256");
for (const [name, content] of [...assets].sort(([a], [b]) => (a < b ? -1 : 1))) hash.update(name).update(content);
const folder = `v-${hash.digest("hex").slice(0, 16)}`;
const index = fs
  .readFileSync(from("src", "index.html"), "utf8")
  .replaceAll("%FOLDER%", folder)
  .replace("%FIRST%", () => firstPaint(first, gallery));
const icon = fs.readFileSync(from("src", "icon.svg"));
const manifest = fs.readFileSync(from("src", "manifest.webmanifest"));
const offline = [...assets.keys()].map((name) => `${folder}/${name}`);
const worker = (await bundle("service-worker.ts", "iife"))
  .replace("%VERSION%", folder)
  .replace('"%FILES%"', () => JSON.stringify(["./", "icon.svg", "manifest.webmanifest", ...offline]));

for (const [name, content] of assets) {
  const file = path.join(out, folder, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
}
fs.writeFileSync(path.join(out, "index.html"), index);
fs.writeFileSync(path.join(out, "icon.svg"), icon);
fs.writeFileSync(path.join(out, "manifest.webmanifest"), manifest);
fs.writeFileSync(path.join(out, "service-worker.js"), worker);
process.exit(0);
