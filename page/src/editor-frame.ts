// Inside the frame of the maths editor.

import { MathfieldElement } from "mathlive";

MathfieldElement.fontsDirectory = new URL("fonts/mathlive", document.baseURI).href;
MathfieldElement.soundsDirectory = null;
MathfieldElement.plonkSound = null;
const lines = location.hash === "#line";

const KEYS: [string, string][] = [
  ["∂/∂", "\\frac{\\partial #?}{\\partial #?}"],
  ["a/b", "\\frac{#@}{#?}"],
  ["Σ", "\\sum_{i=1}^{m}"],
  ["x_i", "#@_{#?}"],
  ["x²", "#@^{#?}"],
  ["√", "\\sqrt{#?}"],
  ["( )", "\\left(#?\\right)"],
  ["log", "\\log"],
  ["e^", "e^{#?}"],
  ["σ", "\\sigma"],
  ["λ", "\\lambda"],
  ["=", "="],
];

window.addEventListener("DOMContentLoaded", () => {
  const field = new MathfieldElement();
  const row = document.createElement("div");
  row.className = "palette";
  row.setAttribute("role", "toolbar");
  row.setAttribute("aria-label", "signs");
  for (const [word, latex] of KEYS) {
    const key = document.createElement("button");
    key.type = "button";
    key.textContent = word;
    key.addEventListener("click", () => {
      field.insert(latex, { focus: true, selectionMode: "placeholder" });
      said();
    });
    row.append(key);
  }
  document.body.append(row, field);
  field.smartFence = true;
  field.mathVirtualKeyboardPolicy = "manual";
  field.menuItems = [];

  const tell = (message: unknown) => parent.postMessage(message, location.origin);
  const said = () => {
    if (!lines) tell({ latex: field.getValue("latex-unstyled") });
  };
  field.addEventListener("input", said);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !lines) return;
    event.preventDefault();
    tell({ enter: field.getValue("latex-unstyled") });
    field.setValue("");
  }, { capture: true });
  window.addEventListener("message", (event: MessageEvent<{ theme?: string; label?: string }>) => {
    if (event.source !== parent || event.origin !== location.origin) return;
    if (event.data.theme) document.documentElement.dataset.theme = event.data.theme;
    if (event.data.label) field.setAttribute("aria-label", event.data.label);
    field.focus();
  });
  new ResizeObserver(() => tell({ height: document.documentElement.scrollHeight })).observe(document.body);
  tell({ ready: true });
});
