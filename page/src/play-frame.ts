// Inside the sandboxed frame: an origin of its own, no network, no storage. Code that the engine wrote runs in a
// Worker here, and is ended when it passes its time.

declare const DESCENT: string;
const LIMIT_MS = 15_000;
let worker: Worker | null = null;
let timer = 0;
let blob = "";

window.addEventListener("message", (event) => {
  if (event.source !== parent) return;
  const { number, job, scalars } = event.data as { number: number; job: unknown; scalars: string[] };
  const answer = (message: Record<string, unknown>) => parent.postMessage({ number, ...message }, "*");
  stop();
  if (blob) URL.revokeObjectURL(blob);
  const address = URL.createObjectURL(new Blob([DESCENT], { type: "text/javascript" }));
  blob = address;
  worker = new Worker(address);
  timer = window.setTimeout(() => {
    stop();
    answer({ failed: "descent took too long and was stopped; fewer steps or rows" });
  }, LIMIT_MS);
  worker.onmessage = (message) => {
    stop();
    answer(message.data as Record<string, unknown>);
  };
  worker.onerror = (error) => {
    stop();
    answer({ failed: error.message || "the code could not be run" });
  };
  worker.postMessage({ job, scalars });
});

function stop(): void {
  window.clearTimeout(timer);
  worker?.terminate();
  worker = null;
}

parent.postMessage({ ready: true }, "*");
