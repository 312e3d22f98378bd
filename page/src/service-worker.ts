// Keeps the page's files, so that it works without a network after the first visit. A new version is a new
// folder and a new store; the old one goes when no page uses it any more.

const VERSION_NAME = "%VERSION%";
const FILES: string[] = "%FILES%" as unknown as string[];

interface Extendable extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface Asked extends Extendable {
  request: Request;
  respondWith(answer: Promise<Response>): void;
}
const scope = self as unknown as {
  addEventListener(kind: "install" | "activate", listen: (event: Extendable) => void): void;
  addEventListener(kind: "fetch", listen: (event: Asked) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
};

scope.addEventListener("install", (event) => {
  event.waitUntil(caches.open(VERSION_NAME).then((store) => store.addAll(FILES)).then(() => scope.skipWaiting()));
});

scope.addEventListener("activate", (event) => {
  const clear = caches.keys().then((names) => Promise.all(names.filter((name) => name.startsWith("v-") && name !== VERSION_NAME).map((name) => caches.delete(name))));
  event.waitUntil(clear.then(() => scope.clients.claim()));
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  event.respondWith(answer(request, address));
});

/** The page itself from the network if it answers soon, so that a new version is seen; its files from the store. */
async function answer(request: Request, address: URL): Promise<Response> {
  const store = await caches.open(VERSION_NAME);
  if (request.mode === "navigate" && !address.pathname.endsWith("play.html") && !address.pathname.endsWith("editor.html")) {
    try {
      const fresh = await fetch(request, { signal: AbortSignal.timeout(2500) });
      if (fresh.ok) return fresh;
    } catch {
      // Offline, or slow: the one that was kept.
    }
    return (await store.match("./")) ?? Response.error();
  }
  const kept = await store.match(request, { ignoreSearch: true });
  return kept ?? fetch(request);
}
