// Python in a Worker: loads Pyodide, python-flint and the engine, then answers one question at a time.

interface Python {
  unpackArchive(data: ArrayBuffer, format: string, options?: { extractDir: string }): void;
  runPython(code: string): unknown;
  globals: { get(name: string): (request: string) => string };
}

const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<string>) => void) | null;
};
const here = (name: string) => new URL(name, import.meta.url).href;

async function file(name: string): Promise<ArrayBuffer> {
  const answer = await fetch(here(name));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return answer.arrayBuffer();
}

async function load(): Promise<(request: string) => string> {
  const archives = Promise.all([file("flint.zip"), file("engine.zip")]);
  const { loadPyodide } = (await import(here("pyodide/pyodide.mjs"))) as {
    loadPyodide(options: { indexURL: string }): Promise<Python>;
  };
  const python = await loadPyodide({ indexURL: here("pyodide/") });
  for (const archive of await archives) python.unpackArchive(archive, "zip", { extractDir: "/lib/whygrad" });
  python.runPython("import sys; sys.path.insert(0, '/lib/whygrad'); from whygrad.worker import answer");
  return python.globals.get("answer");
}

load().then(
  (answer) => {
    scope.onmessage = (event) => scope.postMessage({ answer: answer(event.data) });
    scope.postMessage({ ready: true });
  },
  (error: unknown) => scope.postMessage({ failed: `The engine could not be loaded (${String(error)}).` }),
);
