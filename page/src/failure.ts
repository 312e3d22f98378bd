// An error as the engine words it: the place, the reason, the way out.

import { h, type VNode } from "./nodes.ts";
import type { Failure } from "./view.ts";

export function failureNode(failure: Failure, page: (id: string) => void): VNode {
  return h(
    "div",
    { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, failure.title), `: ${failure.reason}`),
    place(failure),
    failure.fix && h("p", { class: "fix" }, `Fix: ${failure.fix}`),
    failure.id && h("button", { class: "link", type: "button", click: () => page(failure.id) }, "more about this"),
  );
}

function place(failure: Failure): VNode | null {
  if (!failure.source || !failure.span) return null;
  const [start, end] = failure.span;
  const first = failure.source.lastIndexOf("\n", start - 1) + 1;
  const next = failure.source.indexOf("\n", start);
  const last = Math.min(next < 0 ? failure.source.length : next, first + 400);
  const cut = Math.min(Math.max(end, start + 1), last);
  return h("pre", { class: "place" }, failure.source.slice(first, start), h("mark", {}, failure.source.slice(start, cut) || " "), failure.source.slice(cut, last));
}
