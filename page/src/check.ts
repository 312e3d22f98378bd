// The Check pane: a person's derivation, judged as it is written.

import type { App } from "./app.ts";
import { announce, type Pane } from "./controls.ts";
import { editor } from "./editor.ts";
import { Refused, Superseded } from "./engine.ts";
import { failureNode } from "./failure.ts";
import { fill, fromTree, h, type Child, type VNode } from "./nodes.ts";
import { pictures } from "./picture.ts";
import { blockNode, inline, type Actions } from "./render.ts";
import type { Checked, CheckedLine } from "./view.ts";

const WAIT_MS = 350;

export function checkPane(app: App): Pane {
  const pane = document.getElementById("pane-check")!;
  const area = pane.querySelector<HTMLTextAreaElement>("#lines")!;
  const context = pane.querySelector<HTMLTextAreaElement>("#context")!;
  const own = pane.querySelector<HTMLInputElement>("#own")!;
  const result = pane.querySelector<HTMLElement>("#verdicts")!;
  const actions: Actions = { page: (id) => app.panel.page(id) };
  let timer = 0;
  let sent = 0;
  let stage = 0;
  let key = "";

  area.addEventListener("input", () => {
    if (app.change({ check: { ...app.state.check, text: area.value } })) ask();
  });
  context.addEventListener("input", () => {
    if (app.change({ check: { ...app.state.check, context: context.value } })) ask();
  });
  own.addEventListener("change", () => {
    app.change({ check: { ...app.state.check, own: own.checked } });
    ask(0);
  });
  pane.querySelector("#examples")!.addEventListener("change", (event) => {
    const chosen = EXAMPLES[Number((event.target as HTMLSelectElement).value)];
    if (!chosen) return;
    area.value = chosen.text;
    app.change({ check: { ...app.state.check, text: chosen.text, context: chosen.context, own: chosen.cost !== "" }, ...(chosen.cost ? { cost: chosen.cost } : {}) });
    show();
  });
  editor(pane.querySelector<HTMLElement>("#line-editor")!, "Type a line as mathematics; Enter adds it", undefined, (latex) => {
    if (!latex.trim()) return;
    const before = area.value.replace(/\s+$/, "");
    const starts = before === "" || /^\\(frac|dfrac|partial|nabla)|=/.test(latex.trim());
    area.value = `${before}${before ? "\n" : ""}${starts ? "" : "= "}${latex.trim()}\n`;
    area.dispatchEvent(new Event("input"));
    area.scrollTop = area.scrollHeight;
  });
  pictures(pane.querySelector<HTMLElement>("#picture")!);

  function ask(delay = WAIT_MS): void {
    window.clearTimeout(timer);
    sent += 1;
    result.setAttribute("aria-busy", "true");
    timer = window.setTimeout(() => void check(), delay);
  }

  async function check(): Promise<void> {
    const { text, context: said, own: meant } = app.state.check;
    const number = sent;
    if (!text.trim()) {
      fill(result, welcome());
      result.removeAttribute("aria-busy");
      return;
    }
    try {
      const asked = { text, context: said, cost: meant ? app.state.cost : "", width: Math.min(60, app.letters()) };
      const found = await app.engine.ask<Checked>("check", asked, "check", 20_000);
      if (number !== sent) return;
      draw(found);
    } catch (error) {
      if (error instanceof Superseded || number !== sent || !(error instanceof Refused)) return;
      fill(result, failureNode(error.failure, app.panel.page));
    }
    result.removeAttribute("aria-busy");
  }

  function draw(found: Checked): void {
    const now = JSON.stringify([found.first_wrong, found.lines[found.first_wrong ?? 0]?.text]);
    if (now !== key) stage = 0;
    key = now;
    const nodes: Child[] = [
      h("p", { class: `summary status-${found.status}`, role: "status" }, found.summary.replace(/: whygrad why .*/, "."), found.mistake && stage > 0 ? h("button", { class: "link", type: "button", click: () => app.panel.page(found.mistake) }, "about this mistake") : null),
      h("ol", { class: "lines" }, found.lines.flatMap((line, k) => lineNode(line, k, found))),
      found.readings.length > 0 &&
        h("section", { class: "readings" }, h("h3", {}, "Read as"), h("ul", {}, found.readings.map((reading) => h("li", {}, h("button", { type: "button", class: "chip", title: "say it otherwise", click: () => otherwise(reading) }, reading))))),
      found.settles.length > 0 &&
        h("section", { class: "readings" }, h("h3", {}, "This would settle it"), h("ul", {}, found.settles.map((line) => h("li", {}, h("button", { type: "button", class: "chip", click: () => settle(line) }, `it is so: ${line}`))))),
      ...found.notes.map((block) => blockNode(block, actions)),
    ];
    fill(result, nodes);
  }

  function lineNode(line: CheckedLine, k: number, found: Checked): VNode[] {
    const first = k === found.first_wrong;
    const node = h(
      "li",
      { class: `checked ${line.verdict.startsWith("right again") ? "again" : line.kind || "start"}${first ? " first-wrong" : ""}` },
      h("div", { class: "text" }, line.lines && !(first && line.spans.length) ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `line ${k + 1} as it was read` }, line.lines.map((one) => h("div", {}, fromTree(one)))) : source(line), first && line.lines ? h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": `line ${k + 1} as it was read` }, line.lines.map((one) => h("div", {}, fromTree(one)))) : null),
      h("div", { class: "said" }, line.verdict && h("span", { class: "verdict" }, line.verdict), line.reason.length > 0 && h("span", { class: "reason" }, inline(line.reason, actions))),
    );
    if (!first) return [node];
    return [node, h("li", { class: "help" }, help(found))];
  }

  /** The person's own text with the wrong place marked in it. */
  function source(line: CheckedLine): VNode {
    const parts: Child[] = [];
    let at = 0;
    for (const [start, end] of [...line.spans].sort(([a], [b]) => a - b)) {
      if (start < at || end > line.text.length) continue;
      parts.push(line.text.slice(at, start), h("mark", {}, line.text.slice(start, end)));
      at = end;
    }
    parts.push(line.text.slice(at));
    return h("code", { class: "raw" }, parts);
  }

  /** A hint first; the fact and the likely cause when asked; then the correction. */
  function help(found: Checked): VNode {
    const more = (next: number, word: string) =>
      h("button", { class: "button", type: "button", click: () => {
        stage = next;
        draw(found);
        result.querySelector<HTMLElement>(`[data-stage="${next}"]`)?.focus();
      } }, word);
    return h(
      "div",
      {},
      found.said.map((block) => blockNode(block, actions)),
      stage < 1 && found.why.length > 0 && more(1, "What is wrong?"),
      stage >= 1 && h("div", { "data-stage": "1", tabindex: "-1" }, found.why.map((block) => blockNode(block, actions))),
      stage === 1 && found.correction.length > 0 && more(2, "Show the correction"),
      stage >= 2 && h("div", { "data-stage": "2", tabindex: "-1" }, found.correction.map((block) => blockNode(block, actions))),
    );
  }

  function otherwise(reading: string): void {
    const box = context.closest("details")!;
    box.open = true;
    context.focus();
    announce(`“${reading}”: write what is meant instead, one thing a line.`);
  }

  function settle(line: string): void {
    context.value = `${context.value.trim()}\n${line}`.trim();
    context.closest("details")!.open = true;
    context.dispatchEvent(new Event("input"));
  }

  function show(): void {
    const { text, context: said, own: meant } = app.state.check;
    if (area.value !== text) area.value = text;
    if (context.value !== said) context.value = said;
    if (said) context.closest("details")!.open = true;
    own.checked = meant;
    const named = app.gallery.find((entry) => entry.name === app.state.cost);
    pane.querySelector("#own-name")!.textContent = named ? named.title : "the cost on the first tab";
    ask(0);
  }

  return { show, resized: () => ask(200) };
}

function welcome(): VNode {
  return h(
    "div",
    { class: "welcome" },
    h("p", {}, "Paste a derivation, as you find it or as you wrote it: LaTeX, Markdown or plain text, one step a line. Each line is held against the one before."),
    h("p", {}, "You are told where the first wrong line is, then why, and the correction only when you ask for it."),
  );
}

interface Example {
  name: string;
  cost: string;
  context: string;
  text: string;
}

export const EXAMPLES: Example[] = [
  {
    name: "A factor is missing (logistic, by b)",
    cost: "logistic",
    context: "",
    text: "dL/db = dL/df * df/db\n= -y/f + (1-y)/(1-f) * f(1-f)\n= -y/f + (1-y) f\n= f - y",
  },
  {
    name: "By substitution (logistic, by z)",
    cost: "",
    context: "y in {0,1}",
    text: "L = -y \\ln\\frac{1}{1+e^{-z}} - (1-y) \\ln\\left(1 - \\frac{1}{1+e^{-z}}\\right)\n\\frac{\\partial L}{\\partial z} = -y \\frac{e^{-z}}{1+e^{-z}} + (1-y)\\frac{1}{1+e^{-z}}\n= \\frac{1 - y - y e^{-z}}{1+e^{-z}}\n= \\frac{1}{1+e^{-z}} - y",
  },
  {
    name: "The derivative of the regulariser",
    cost: "",
    context: "",
    text: "\\frac{\\partial}{\\partial w_j} \\frac{\\lambda}{2m} \\sum_{k=1}^{n} w_k^2\n= \\frac{\\lambda}{2m} \\sum_{k=1}^{n} 2 w_k \\frac{\\partial w_k}{\\partial w_j}\n= \\frac{\\lambda}{m} \\sum_{k=1}^{n} w_j\n= \\frac{n \\lambda}{m} w_j",
  },
];
