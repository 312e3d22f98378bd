// Terms of formulas: point at one to see where it came from and where it goes; choose it to ask why.

import type { App } from "./app.ts";
import { fill, h } from "./nodes.ts";
import { inline } from "./render.ts";
import type { Derived, Inline, Row } from "./view.ts";

const MARKS = ["here", "from", "goes"] as const;

/** The same expression carries the same name wherever it stands. */
export function hovering(app: App, sheet: HTMLElement, shown: () => Derived | null): void {
  const strip = document.getElementById("term-strip")!;
  let last: Element | null = null;

  function clear(): void {
    for (const mark of MARKS) for (const node of sheet.querySelectorAll(`.${mark}`)) node.classList.remove(mark);
    strip.classList.remove("shown");
    last = null;
  }

  sheet.addEventListener("pointerover", (event) => {
    const term = (event.target as Element).closest("[data-part]");
    if (term === last) return;
    clear();
    if (!term || !sheet.contains(term)) return;
    last = term;
    point(term);
  });
  sheet.addEventListener("pointerleave", clear);
  sheet.addEventListener("click", (event) => {
    const term = (event.target as Element).closest("[data-part]");
    if (term && !String(window.getSelection())) app.panel.part(term.getAttribute("data-part")!);
  });

  function point(term: Element): void {
    const name = term.getAttribute("data-part")!;
    const row = term.closest("[data-row]");
    term.classList.add("here");
    if (!row) return;
    const rows = [...row.parentElement!.querySelectorAll(":scope > [data-row]")];
    const at = rows.indexOf(row);
    const holds = (other: Element | undefined) => [...(other?.querySelectorAll(`.right [data-part="${name}"]`) ?? [])];
    rows.forEach((other, n) => {
      if (n !== at) for (const same of holds(other)) same.classList.add(n < at ? "from" : "goes");
    });
    const before = rows[at - 1];
    const after = rows[at + 1];
    const words: (string | Inline)[] = [];
    const here = find(shown(), row);
    const next = after ? find(shown(), after) : null;
    if (before && !holds(before).length && here?.reason.length) words.push("made in this line: ", here.reason);
    else if (holds(before).length) words.push("stands in the line above");
    if (after && next && !next.left) {
      if (holds(after).length) words.push(words.length ? "; goes on into the next line" : "goes on into the next line");
      else if (next.reason.length) words.push(words.length ? "; in the next line: " : "in the next line: ", next.reason);
    }
    if (!words.length) return;
    fill(strip, h("span", {}, words.flatMap((word) => (typeof word === "string" ? [word] : inline(word)))));
    strip.classList.add("shown");
  }
}

function find(shown: Derived | null, element: Element): Row | null {
  const id = element.getAttribute("data-row");
  for (const block of shown?.document.blocks ?? []) {
    if (block.kind !== "rows") continue;
    const row = block.rows.find((one) => one.id === id);
    if (row) return row;
  }
  return null;
}
