// Python in a Worker: loads Pyodide, python-flint and the engine, then answers one question at a time.

import { PLACE, unpack } from "./pack.ts";

interface Python {
  FS: Parameters<typeof unpack>[0];
  runPython(code: string): unknown;
  globals: { get(name: string): (request: string) => string };
}
interface Options {
  indexURL: string;
  _loadSnapshot: Promise<Uint8Array>;
}

const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<string>) => void) | null;
};
const here = (name: string) => new URL(name, import.meta.url).href;

async function file(name: string): Promise<Uint8Array> {
  const answer = await fetch(here(name));
  if (!answer.ok || !answer.body) throw new Error(`${name}: ${answer.status}`);
  const plain = new Response(answer.body.pipeThrough(new DecompressionStream("gzip")));
  return new Uint8Array(await plain.arrayBuffer());
}

async function load(): Promise<(request: string) => string> {
  const snapshot = file("python.pack");
  const packs = Promise.all([file("flint.pack"), file("engine.pack")]);
  const { loadPyodide } = (await import(here("pyodide/pyodide.mjs"))) as {
    loadPyodide(options: Options): Promise<Python>;
  };
  const python = await loadPyodide({ indexURL: here("pyodide/"), _loadSnapshot: snapshot });
  for (const pack of await packs) unpack(python.FS, pack);
  python.runPython(`import sys; sys.path.insert(0, "${PLACE}"); from whygrad.worker import answer`);
  return python.globals.get("answer");
}

load().then(
  (answer) => {
    scope.onmessage = (event) => scope.postMessage({ answer: answer(event.data) });
    scope.postMessage({ ready: true });
  },
  (error: unknown) => scope.postMessage({ failed: `The engine could not be loaded (${String(error).slice(0, 300)}).` }),
);
