// The Derive pane: a cost, and its derivation as it is typed.

import type { App } from "./app.ts";
import { Refused, Superseded } from "./engine.ts";
import { editor } from "./editor.ts";
import { failureNode } from "./failure.ts";
import { announce, download, menu, segmented, type Pane } from "./controls.ts";
import { fill, fromTree, h, type VNode } from "./nodes.ts";
import { blockNode, documentNodes, type Actions } from "./render.ts";
import { hovering } from "./terms.ts";
import type { Derived, View } from "./view.ts";

const WAIT_MS = 60;

export function derivePane(app: App): Pane {
  const side = document.getElementById("cost")!;
  const sheet = document.getElementById("sheet")!;
  const opened = new Map<string, VNode>();
  let shown: Derived | null = null;
  let timer = 0;
  let sent = 0;

  const actions: Actions = {
    page: (id) => app.panel.page(id),
    opened,
    open: (id, button) => void toggle(id, button),
  };

  async function toggle(id: string, button: HTMLElement): Promise<void> {
    if (opened.delete(id)) {
      draw();
    } else {
      button.setAttribute("aria-busy", "true");
      try {
        const found = await app.engine.ask<{ document: View }>("open", { id, width: app.letters() - 6 });
        const blocks = found.document.blocks.filter((block) => block.kind === "rows");
        opened.set(id, h("div", {}, blocks.map((block) => blockNode({ ...block, title: [] }, { page: actions.page }))));
      } catch (error) {
        if (!(error instanceof Refused)) return;
        opened.set(id, failureNode(error.failure, app.panel.page));
      }
      draw();
    }
    sheet.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"] .why`)?.focus();
  }

  function draw(): void {
    if (!shown) return;
    const nodes = documentNodes(shown.document, actions);
    const body = nodes.slice(1);
    fill(sheet, nodes[0], ...body);
    sheet.querySelector("header")?.append(tools());
    results();
    sheet.removeAttribute("aria-busy");
    sheet.classList.remove("stale");
  }

  /** Index and matrix form side by side, above the steps. */
  function results(): void {
    if (!shown?.results.length) return;
    const cards = shown.results.map((result) =>
      h(
        "div",
        { class: "result" },
        h("div", { class: "form" }, h("span", { class: "tag" }, "by index"), h("div", { class: "scroll" }, equation(result.left, result.lines))),
        result.matrix && result.matrix_left
          ? h("div", { class: "form" }, h("span", { class: "tag" }, "by matrices"), h("div", { class: "scroll" }, equation(result.matrix_left, result.matrix)), result.shapes ? h("span", { class: "shapes" }, result.shapes) : null)
          : null,
      ),
    );
    const first = sheet.querySelectorAll(".rows-block")[0];
    const box = document.createElement("section");
    box.className = "results";
    box.setAttribute("aria-label", "the gradient");
    fill(box, cards);
    first?.after(box);
  }

  const equation = (left: Derived["results"][0]["left"], lines: Derived["results"][0]["lines"]) =>
    h("div", { class: "equation" }, fromTree(left), h("math", {}, h("mo", {}, "=")), h("div", {}, lines.map((line) => fromTree(line))));

  function tools(): Node {
    const copies: [string, string][] = [
      ["LaTeX", "latex"],
      ["Markdown", "markdown"],
      ["Python", "python"],
      ["JavaScript", "javascript"],
      ["Text", "text"],
    ];
    const files: [string, string, string][] = [
      ["Notebook (.ipynb)", "notebook", "ipynb"],
      ["Web page (.html)", "html", "html"],
      ["JSON", "json", "json"],
    ];
    const box = document.createElement("div");
    box.className = "tools";
    fill(
      box,
      menu("Copy", copies.map(([name, form]) => [name, () => void copy(name, form)])),
      menu("Save", [
        ...files.map(([name, form, ending]): [string, () => void] => [name, () => void save(form, ending)]),
        ["Print", () => window.print()],
      ]),
    );
    return box;
  }

  async function text(form: string): Promise<string> {
    const { cost, constants } = app.state;
    const found = form === "notebook" ? await app.engine.ask<{ text: string }>("notebook", { cost, constants }) : await app.engine.ask<{ text: string }>("copy", { format: form });
    return found.text;
  }

  async function copy(name: string, form: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(await text(form));
      announce(`${name} is on the clipboard.`);
    } catch (error) {
      announce(error instanceof Refused ? `${error.failure.reason}. ${error.failure.fix}.` : "The clipboard cannot be written here.");
    }
  }

  async function save(form: string, ending: string): Promise<void> {
    try {
      download(`${shown?.cost.name || "cost"}.${ending}`, await text(form));
    } catch (error) {
      announce(error instanceof Refused ? `${error.failure.reason}. ${error.failure.fix}.` : "It could not be saved.");
    }
  }

  function ask(delay = WAIT_MS): void {
    window.clearTimeout(timer);
    sent += 1;
    sheet.setAttribute("aria-busy", "true");
    timer = window.setTimeout(() => void derive(), delay);
  }

  async function derive(): Promise<void> {
    const { cost, route, level, wrt, order, constants } = app.state;
    const number = sent;
    try {
      const found = await app.engine.ask<Derived>("derive", { cost, route, level, wrt, order, constants, width: app.letters() }, "derive");
      if (number !== sent) return;
      shown = found;
      opened.clear();
      app.cost = found.cost;
      fill(problem);
      draw();
      choices();
    } catch (error) {
      if (error instanceof Superseded || number !== sent || !(error instanceof Refused)) return;
      sheet.classList.add("stale");
      sheet.removeAttribute("aria-busy");
      fill(problem, failureNode(error.failure, app.panel.page));
    }
  }

  // --- the side: gallery, text, choices ----------------------------------------------------------

  const gallery = side.querySelector<HTMLSelectElement>("#gallery")!;
  const area = side.querySelector<HTMLTextAreaElement>("#cost-text")!;
  const problem = side.querySelector<HTMLElement>("#cost-problem")!;
  const options = side.querySelector<HTMLElement>("#choices")!;

  function sourceOf(cost: string): string {
    const named = app.gallery.find((entry) => entry.name === cost.trim());
    return named ? named.text : cost;
  }

  function changed(cost: string): void {
    const named = app.gallery.find((entry) => entry.text.trim() === cost.trim());
    if (!app.change({ cost: named ? named.name : cost, wrt: "", constants: {}, circuit: { ...app.state.circuit, at: {} } })) return;
    gallery.value = named ? named.name : "";
    ask();
  }

  area.addEventListener("input", () => changed(area.value));
  gallery.addEventListener("change", () => {
    if (!gallery.value) return;
    area.value = sourceOf(gallery.value);
    changed(area.value);
  });
  editor(side.querySelector<HTMLElement>("#maths-editor")!, "Type the cost as mathematics", (latex) => {
    area.value = latex;
    changed(latex);
  });

  function choices(): void {
    const info = shown!.cost;
    const focus = document.activeElement?.id;
    fill(
      options,
      segmented("Route", ["chain", "substitution", "backprop"], app.state.route, (route) => update({ route })),
      segmented("Detail", ["brief", "normal", "full"], app.state.level, (level) => update({ level })),
      info.parameters.length > 1 && segmented("By", ["", ...info.parameters], app.state.wrt, (wrt) => update({ wrt }), ["all", ...info.parameters]),
      segmented("Order", ["1", "2"], String(app.state.order), (order) => update({ order: order === "2" ? 2 : 1 }), ["gradient", "and Hessian"]),
      info.constants.map((constant) =>
        h(
          "label",
          { class: "constant" },
          h("span", {}, constant.name),
          h("input", { id: `constant-${constant.name}`, inputmode: "decimal", placeholder: "symbol", value: app.state.constants[constant.name] ?? "", size: 6, input: (event) => constantChanged(constant.name, (event.target as HTMLInputElement).value) }),
        ),
      ),
    );
    if (focus) document.getElementById(focus)?.focus();
  }

  function constantChanged(name: string, value: string): void {
    const { [name]: _, ...others } = app.state.constants;
    if (value && !Number.isFinite(Number(value))) return;
    app.change({ constants: value ? { ...others, [name]: value } : others });
    ask();
  }

  function update(part: Partial<App["state"]>): void {
    app.change(part);
    ask(0);
  }

  hovering(app, sheet, () => shown);

  return {
    show(): void {
      const text = sourceOf(app.state.cost);
      if (area.value !== text) area.value = text;
      gallery.value = app.gallery.some((entry) => entry.name === app.state.cost) ? app.state.cost : "";
      ask(0);
    },
    resized: () => ask(200),
  };
}
