// The Worker of the sandboxed frame: one job, one answer.

import { descend, type Job } from "./descent.ts";

const scope = globalThis as unknown as {
  postMessage(message: unknown): void;
  onmessage: ((event: MessageEvent<{ job: Job; scalars: string[] }>) => void) | null;
};

scope.onmessage = (event) => {
  descend(event.data.job, new Set(event.data.scalars)).then(
    (run) => scope.postMessage({ run }),
    (error: unknown) => scope.postMessage({ failed: String(error) }),
  );
};
