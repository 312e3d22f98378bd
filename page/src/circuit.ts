// The Circuit pane: gates, values forward, gradients back, with a slider for each input.

import type { App } from "./app.ts";
import { segmented, type Pane } from "./controls.ts";
import { Refused, Superseded } from "./engine.ts";
import { failureNode } from "./failure.ts";
import { fill, fromTree, h, type VNode } from "./nodes.ts";
import type { Drawn, Input } from "./view.ts";

export function circuitPane(app: App): Pane {
  const pane = document.getElementById("pane-circuit")!;
  const sliders = pane.querySelector<HTMLElement>("#sliders")!;
  const drawing = pane.querySelector<HTMLElement>("#drawing")!;
  const table = pane.querySelector<HTMLElement>("#values")!;
  const options = pane.querySelector<HTMLElement>("#circuit-choices")!;
  let shown = "";
  let sent = 0;
  let step = -1;

  async function draw(): Promise<void> {
    const { cost, constants, circuit } = app.state;
    const number = (sent += 1);
    drawing.setAttribute("aria-busy", "true");
    try {
      const found = await app.engine.ask<Drawn>("circuit", { cost, constants, parts: circuit.parts, at: circuit.at, steps: circuit.steps }, "circuit");
      if (number !== sent) return;
      put(found);
    } catch (error) {
      if (error instanceof Superseded || number !== sent || !(error instanceof Refused)) return;
      fill(drawing, failureNode(error.failure, app.panel.page));
    }
    drawing.removeAttribute("aria-busy");
  }

  function put(found: Drawn): void {
    const scroll = [drawing.scrollLeft, drawing.scrollTop] as const;
    fill(drawing, fromTree(found.svg));
    drawing.scrollTo(...scroll);
    const key = JSON.stringify([app.state.cost, found.inputs.map((input) => input.name)]);
    if (key !== shown) {
      shown = key;
      step = -1;
      fill(sliders, found.inputs.filter((input) => !input.fixed && input.value !== null).map(slider));
      if (found.inputs.some((input) => input.value === null)) fill(sliders, h("p", { class: "quiet" }, "One number cannot stand for each name of this cost, so the circuit is shown in symbols."));
    }
    choices(found);
    values(found);
    stepped();
  }

  function slider(input: Input): VNode {
    const [low, high, by] = range(input);
    const value = app.state.circuit.at[input.name] ?? String(input.value);
    const name = `at-${input.name}`;
    const set = (event: Event) => {
      const written = (event.target as HTMLInputElement).value;
      if (written === "" || !Number.isFinite(Number(written))) return;
      for (const other of sliders.querySelectorAll<HTMLInputElement>(`[data-at="${CSS.escape(input.name)}"]`)) if (other !== event.target) other.value = written;
      app.change({ circuit: { ...app.state.circuit, at: { ...app.state.circuit.at, [input.name]: written } } });
      void draw();
    };
    return h(
      "div",
      { class: "slider" },
      h("label", { for: name }, h("i", {}, input.name), input.dims.length > 0 && h("span", { class: "quiet" }, ` ${input.kind === "data" ? "of one example" : "each"}`)),
      h("input", { type: "range", id: name, "data-at": input.name, min: low, max: high, step: by, value, input: set }),
      h("input", { type: "text", inputmode: "decimal", size: 6, "data-at": input.name, "aria-label": `value of ${input.name}`, value, change: set }),
    );
  }

  function choices(found: Drawn): void {
    const count = numbers().length;
    const focus = document.activeElement?.id;
    fill(
      options,
      segmented("Gates", ["none", "sigmoid", "all"], app.state.circuit.parts, (parts) => {
        app.change({ circuit: { ...app.state.circuit, parts } });
        void draw();
      }, ["definitions", "σ taken apart", "every operation"]),
      h("label", { class: "check" }, h("input", { type: "checkbox", id: "numbered", checked: app.state.circuit.steps, change: (event) => {
        app.change({ circuit: { ...app.state.circuit, steps: (event.target as HTMLInputElement).checked } });
        step = -1;
        void draw();
      } }), " step through"),
      app.state.circuit.steps && count > 0 &&
        h(
          "div",
          { class: "stepper", role: "group", "aria-label": "steps of both passes" },
          h("button", { class: "button", type: "button", id: "step-back", click: () => go(step < 0 ? count - 1 : Math.max(0, step - 1)) }, "‹ back"),
          h("span", { role: "status", id: "step-said" }),
          h("button", { class: "button", type: "button", id: "step-on", click: () => go(step < 0 ? 1 : Math.min(count, step + 1)) }, "next ›"),
          h("button", { class: "button", type: "button", id: "step-all", click: () => go(-1) }, "all"),
        ),
    );
    if (focus) document.getElementById(focus)?.focus();
    drawing.setAttribute("aria-label", `The circuit of ${found.title}`);
  }

  /** The steps that labels of the drawing belong to, in order: forward, then backward. */
  const numbers = (): number[] => [...new Set([...drawing.querySelectorAll("[data-step]")].map((node) => Number(node.getAttribute("data-step"))))].sort((a, b) => a - b);

  function go(to: number): void {
    step = to;
    stepped();
  }

  function stepped(): void {
    const all = numbers();
    const last = step < 0 ? Infinity : (all[step - 1] ?? 0);
    let now = "";
    for (const node of drawing.querySelectorAll("[data-step]")) {
      const number = Number(node.getAttribute("data-step"));
      node.classList.toggle("later", number > last);
      node.classList.toggle("now", number === last);
      if (number === last) now = node.querySelector("title")?.textContent ?? now;
    }
    const said = document.getElementById("step-said");
    if (said) said.textContent = step < 0 ? `all ${all.length} steps` : `${step} of ${all.length}${now ? `: ${now}` : ""}`;
  }

  function values(found: Drawn): void {
    const rows = found.nodes.filter((node) => node.value);
    fill(
      table,
      rows.length > 0 &&
        h(
          "table",
          { class: "data" },
          h("caption", {}, "Values forward, gradients back"),
          h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "name"), h("th", { scope: "col" }, "value"), h("th", { scope: "col" }, "gradient"))),
          h("tbody", {}, rows.map((node) => h("tr", { "data-node": node.name }, h("th", { scope: "row" }, h("i", {}, node.name)), h("td", {}, node.value), h("td", {}, node.gradient)))),
        ),
      found.results.length > 0 && h("p", { class: "outcome" }, found.results.map((result) => h("span", { "data-result": result.left }, fromTree(result.math), ` = ${result.number}`))),
    );
  }

  return { show: () => void draw() };
}

function range(input: Input): [number, number, number] {
  if (input.values.length) return [Math.min(...input.values), Math.max(...input.values), input.values.length === 2 ? Math.abs(input.values[1]! - input.values[0]!) : 1];
  if (input.integer) return [input.low ?? -5, input.high ?? 10, 1];
  if (input.low !== null && input.high !== null) {
    const room = (input.high - input.low) / 100;
    return [input.low + room, input.high - room, room];
  }
  if (input.low !== null) return [input.open ? input.low + 0.05 : input.low, input.low + 5, 0.05];
  return [-4, 4, 0.05];
}
