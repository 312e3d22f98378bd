// The maths editor (MathLive) in a frame of its own: it styles what it sets line by line, which the page's own
// policy does not allow. Only LaTeX crosses, as text.

import { fill, h } from "./nodes.ts";

type Said = { ready?: true; latex?: string; enter?: string; height?: number };

/** A button that opens the editor; `changed` hears each change, `entered` each line finished with Enter. */
export function editor(place: HTMLElement, label: string, changed?: (latex: string) => void, entered?: (latex: string) => void): void {
  let frame: HTMLIFrameElement | null = null;
  const button = h("button", { class: "button", type: "button", "aria-expanded": "false", click: (event) => toggle(event.currentTarget as HTMLElement) }, "Maths editor");
  fill(place, button);

  function toggle(opener: HTMLElement): void {
    const open = !frame;
    opener.setAttribute("aria-expanded", String(open));
    if (!open) {
      frame!.remove();
      frame = null;
      return;
    }
    frame = document.createElement("iframe");
    frame.className = "maths";
    frame.title = label;
    const folder = document.documentElement.dataset.folder ?? "";
    frame.src = `${folder}/editor.html#${entered ? "line" : "cost"}`;
    place.append(frame);
  }

  window.addEventListener("message", (event: MessageEvent<Said>) => {
    if (!frame || event.source !== frame.contentWindow || event.origin !== location.origin) return;
    const { ready, latex, enter, height } = event.data;
    if (ready) frame.contentWindow?.postMessage({ theme: document.documentElement.dataset.theme ?? "", label }, location.origin);
    if (typeof height === "number") frame.style.height = `${Math.min(600, Math.max(60, height))}px`;
    if (typeof latex === "string") changed?.(latex);
    if (typeof enter === "string") entered?.(enter);
  });
}
