// Loads Pyodide, python-flint's wasm wheel and the sources, and prints the derivation of a gallery cost.
// Arguments: folder of node_modules, wheel, src, the Python to run. What Python prints goes to standard output.
import fs from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [modules, wheel, source, program] = process.argv.slice(2);
const entry = path.join(modules, "pyodide", "pyodide.mjs");
const { loadPyodide } = await import(pathToFileURL(entry).href);
const python = await loadPyodide({ stdout: (line) => process.stdout.write(line + "\n") });
python.unpackArchive(new Uint8Array(fs.readFileSync(wheel)), "wheel");
python.mountNodeFS("/src", source);
try {
  python.runPython("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '/src')");
  python.runPython(fs.readFileSync(program, "utf8"));
} catch (error) {
  process.stderr.write(String(error.message) + "\n");
  process.exitCode = 1;
}
