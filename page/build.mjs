// Builds the page: node build.mjs OUT ENGINE FLINT MATHFONT
//   OUT       the folder to write
//   ENGINE    the folder whose package `whygrad` runs in the browser
//   FLINT     python-flint's wheel for Pyodide
//   MATHFONT  the maths font as woff2
// Everything but index.html, the service worker and the icon lies in a folder named by the contents, so that
// files of two versions never meet.
import * as esbuild from "esbuild";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const [out, engine, flint, mathFont] = process.argv.slice(2).map((name) => path.resolve(name));
const here = path.dirname(fileURLToPath(import.meta.url));
const modules = path.join(process.cwd(), "node_modules");
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
const python = await loadPyodide();
const PACK = `
import compileall, io, os, pathlib, py_compile, sys, zipfile

def pack(root, keep):
    """A zip of a folder, its Python files compiled: importing them then needs no compiler."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(pathlib.Path(root).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_dir() or "__pycache__" in name or not keep(name):
                continue
            if name.endswith(".py"):
                made = py_compile.compile(str(path), cfile="/tmp/one.pyc", dfile=name, doraise=True, optimize=2,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
                name, content = name + "c", pathlib.Path(made).read_bytes()
            else:
                content = path.read_bytes()
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED, 9)
    return data.getvalue()
`;
python.runPython(PACK);
const pack = python.globals.get("pack");
const bytes = (made) => {
  const copy = made.toJs();
  made.destroy();
  return copy;
};
python.unpackArchive(new Uint8Array(fs.readFileSync(flint)), "wheel", { extractDir: "/flint" });
const needed = (name) => !/^flint\/test\/|\.pyi$|\.pxd$|RECORD$|py\.typed$|METADATA$/.test(name);
put("flint.zip", bytes(pack("/flint", needed)));
python.mountNodeFS("/source", engine);
put("engine.zip", bytes(pack("/source", (name) => name.startsWith("whygrad/") && !LEFT_OUT.test(name))));

python.FS.mkdirTree("/check");
for (const name of ["flint.zip", "engine.zip"])
  python.unpackArchive(new Uint8Array(assets.get(name)), "zip", { extractDir: "/check" });
python.runPython("import sys; sys.path.insert(0, '/check'); from whygrad.worker import answer");
const answer = python.globals.get("answer");
const ask = (question) => {
  const found = JSON.parse(answer(JSON.stringify(question)));
  if (found.error) throw new Error(found.error.text);
  return found;
};
const first = ask({ verb: "derive", cost: "logistic" });
const gallery = ask({ verb: "gallery" }).costs.map(({ name, title, text }) => ({ name, title, text }));
const theme = python.runPython("from whygrad.page.style import theme_css; theme_css()");
const version = python.runPython("import whygrad; whygrad.__version__");

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
const descent = await bundle("descent-worker.ts", "esm");
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
