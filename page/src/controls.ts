// Small controls that several panes have.

import { h, type VNode } from "./nodes.ts";

export interface Pane {
  show(): void;
  resized?(): void;
  hide?(): void;
}

/** A choice of one of a few. */
export function segmented<T extends string>(name: string, values: readonly T[], chosen: T, choose: (value: T) => void, words: readonly string[] = values): VNode {
  return h(
    "fieldset",
    { class: "segmented" },
    h("legend", {}, name),
    values.map((value, n) =>
      h(
        "label",
        {},
        h("input", { type: "radio", id: `choice-${name}-${value}`, name: `choice-${name}`, value, checked: value === chosen, change: () => choose(value) }),
        h("span", {}, words[n] ?? value),
      ),
    ),
  );
}

/** A button with a few things to do behind it. */
export function menu(name: string, entries: [string, () => void][]): VNode {
  return h(
    "details",
    { class: "menu", keydown: (event) => onKey(event as KeyboardEvent), toggle: (event) => closeElsewhere(event.currentTarget as HTMLDetailsElement) },
    h("summary", { class: "button" }, name),
    h(
      "div",
      { class: "entries" },
      entries.map(([word, act]) =>
        h("button", { type: "button", click: (event) => {
          const box = (event.currentTarget as HTMLElement).closest("details")!;
          box.open = false;
          box.querySelector("summary")!.focus();
          act();
        } }, word),
      ),
    ),
  );
}

function onKey(event: KeyboardEvent): void {
  const box = event.currentTarget as HTMLDetailsElement;
  if (event.key !== "Escape" || !box.open) return;
  box.open = false;
  box.querySelector("summary")!.focus();
  event.stopPropagation();
}

function closeElsewhere(box: HTMLDetailsElement): void {
  if (!box.open) return;
  for (const other of document.querySelectorAll<HTMLDetailsElement>("details.menu[open]")) if (other !== box) other.open = false;
  const away = (event: Event) => {
    if (box.contains(event.target as Node)) return;
    box.open = false;
    document.removeEventListener("pointerdown", away);
  };
  document.addEventListener("pointerdown", away);
}

/** Say something to those who do not see the page change, and for a moment to those who do. */
export function announce(said: string): void {
  const box = document.getElementById("said");
  if (!box) return;
  box.textContent = said;
  box.classList.add("shown");
  window.clearTimeout(fading);
  fading = window.setTimeout(() => box.classList.remove("shown"), 4000);
}
let fading = 0;

/** Give a text to the reader as a file. */
export function download(name: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type: "text/plain" }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name.replace(/[^\w.-]+/g, "-");
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
