// The page before there is an engine: its frame, with the logistic derivation already on it.

import { EXAMPLES } from "./check.ts";
import type { GalleryEntry } from "./app.ts";
import { fromTree, h, markup, type VNode } from "./nodes.ts";
import { documentNodes } from "./render.ts";
import type { Derived } from "./view.ts";

const TABS = [
  ["derive", "Derive"],
  ["check", "Check"],
  ["circuit", "Circuit"],
  ["play", "Play"],
] as const;

export function firstPaint(first: Derived, gallery: GalleryEntry[]): string {
  return [skip(), top(), main(first, gallery), panel(), foot()].map(markup).join("\n");
}

const skip = () => h("a", { class: "skip", href: "#main-content" }, "Skip to the content");

function top(): VNode {
  return h(
    "header",
    { class: "top" },
    h("h1", { class: "brand" }, h("span", { "aria-hidden": "true", class: "nabla" }, "∇"), "whygrad"),
    h("p", { class: "sub" }, "Why is the gradient ", h("i", {}, "(f − y) x"), "?"),
    h(
      "div",
      { id: "tabs", class: "tabs", role: "tablist", "aria-label": "what to do" },
      TABS.map(([tab, word]) => h("button", { type: "button", role: "tab", id: `tab-${tab}`, "aria-controls": `pane-${tab}`, "aria-selected": tab === "derive" ? "true" : "false", tabindex: tab === "derive" ? "0" : "-1" }, word)),
    ),
    h(
      "div",
      { class: "global" },
      h("button", { type: "button", class: "button", id: "share" }, "Share link"),
      h("button", { type: "button", class: "button icon", id: "theme", "aria-label": "light or dark", title: "light or dark" }, "◐"),
    ),
  );
}

function main(first: Derived, gallery: GalleryEntry[]): VNode {
  return h(
    "main",
    { id: "main-content", tabindex: "-1" },
    h("section", { id: "pane-derive", class: "pane split", role: "tabpanel", "aria-labelledby": "tab-derive" }, costSide(gallery), sheet(first)),
    h("section", { id: "pane-check", class: "pane split wide-side", role: "tabpanel", "aria-labelledby": "tab-check", hidden: true }, ...check()),
    h("section", { id: "pane-circuit", class: "pane", role: "tabpanel", "aria-labelledby": "tab-circuit", hidden: true }, ...circuit()),
    h("section", { id: "pane-play", class: "pane split", role: "tabpanel", "aria-labelledby": "tab-play", hidden: true }, ...play()),
    h("div", { id: "term-strip", class: "term-strip", "aria-hidden": "true" }),
  );
}

function costSide(gallery: GalleryEntry[]): VNode {
  const logistic = gallery.find((entry) => entry.name === "logistic")!;
  const sorted = [...gallery].sort((a, b) => a.title.localeCompare(b.title, "en"));
  return h(
    "form",
    { id: "cost", class: "side", "aria-label": "the cost" },
    h("label", { for: "gallery" }, "Pick a cost"),
    h("select", { id: "gallery" }, h("option", { value: "" }, "your own"), sorted.map((entry) => h("option", { value: entry.name, selected: entry.name === "logistic" }, entry.title))),
    h("label", { for: "cost-text" }, "or type one: plain text or LaTeX"),
    h("textarea", { id: "cost-text", rows: "9", spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off" }, logistic.text),
    h("div", { id: "maths-editor", class: "maths-editor" }),
    h("div", { id: "cost-problem", "aria-live": "polite" }),
    h("div", { id: "choices", class: "choices" }),
  );
}

function sheet(first: Derived): VNode {
  const [head, ...rest] = documentNodes(first.document);
  return h("article", { id: "sheet", class: "sheet", "aria-label": "the derivation" }, head, rest.slice(0, 1), results(first), rest.slice(1));
}

function results(first: Derived): VNode {
  const equals = h("math", {}, h("mo", {}, "="));
  return h(
    "section",
    { class: "results", "aria-label": "the gradient" },
    first.results.map((result) =>
      h(
        "div",
        { class: "result" },
        h("div", { class: "form" }, h("span", { class: "tag" }, "by index"), h("div", { class: "scroll" }, h("div", { class: "equation" }, fromTree(result.left), equals, h("div", {}, result.lines.map((line) => fromTree(line)))))),
        result.matrix && result.matrix_left
          ? h("div", { class: "form" }, h("span", { class: "tag" }, "by matrices"), h("div", { class: "scroll" }, h("div", { class: "equation" }, fromTree(result.matrix_left), equals, h("div", {}, result.matrix.map((line) => fromTree(line))))), result.shapes ? h("span", { class: "shapes" }, result.shapes) : null)
          : null,
      ),
    ),
  );
}

function check(): VNode[] {
  return [
    h(
      "form",
      { class: "side", "aria-label": "your derivation" },
      h("label", { for: "examples" }, "Try one"),
      h("select", { id: "examples" }, h("option", { value: "" }, "choose an example"), EXAMPLES.map((one, k) => h("option", { value: String(k) }, one.name))),
      h(
        "div",
        { id: "picture", class: "picture" },
        h("label", { class: "drop", for: "picture-file" }, "A picture of handwritten work: drop it here, paste it, or ", h("span", { class: "link" }, "choose or take one"), ". It stays on this device."),
        h("input", { id: "picture-file", class: "hidden-file", type: "file", accept: "image/*", "aria-label": "a picture of handwritten work" }),
        h("div", { class: "stand" }),
      ),
      h("label", { for: "lines" }, "Your derivation, one step a line"),
      h("textarea", { id: "lines", rows: "11", spellcheck: "false", autocapitalize: "off", autocomplete: "off", placeholder: "dL/dw = dL/df * df/dz * dz/dw\n= ..." }),
      h("div", { id: "line-editor", class: "maths-editor" }),
      h("label", { class: "check" }, h("input", { type: "checkbox", id: "own", checked: true }), h("span", {}, " it is about: ", h("span", { id: "own-name" }, "Logistic regression"))),
      h("details", { class: "more" }, h("summary", {}, "What the names are"), h("label", { for: "context", class: "quiet" }, "definitions and declarations, one a line"), h("textarea", { id: "context", rows: "3", spellcheck: "false", autocapitalize: "off", placeholder: "y in {0,1}\nL = (y - w x)^2" })),
    ),
    h("article", { class: "sheet", id: "verdicts", "aria-label": "verdicts", "aria-live": "polite" }),
  ];
}

function circuit(): VNode[] {
  return [
    h("div", { class: "bar" }, h("div", { id: "circuit-choices", class: "choices" })),
    h("div", { class: "circuit-grid" }, h("div", { class: "side" }, h("div", { id: "sliders", class: "sliders", role: "group", "aria-label": "values of the inputs" }), h("div", { id: "values", "aria-live": "polite" })), h("div", { id: "drawing", class: "drawing", role: "group", tabindex: "0", "aria-label": "the circuit" })),
  ];
}

function play(): VNode[] {
  return [
    h(
      "form",
      { class: "side", "aria-label": "gradient descent" },
      h("p", { class: "about" }, "Gradient descent on ", h("strong", { id: "play-name" }, "Logistic regression")),
      h("label", { for: "data" }, "Data"),
      h("select", { id: "data" }, h("option", { value: "course-lab" }, "six points of the course"), h("option", { value: "breast-cancer" }, "breast cancer, 569 rows"), h("option", { value: "file" }, "a CSV file of yours …")),
      h("p", { class: "quiet" }, "or drop a CSV anywhere here: a header, numbers, the target last. It stays on this device."),
      h("input", { id: "file", class: "hidden-file", type: "file", accept: ".csv,.txt,text/csv", "aria-label": "a CSV file" }),
      h("label", { class: "check" }, h("input", { type: "checkbox", id: "standardise" }), h("span", {}, " standardise the columns")),
      h("div", { class: "rate" }, h("label", { for: "rate" }, "Learning rate"), h("input", { id: "rate-text", type: "text", inputmode: "decimal", size: "9", "aria-label": "learning rate as a number" }), h("div", { class: "track" }, h("input", { id: "rate", type: "range", min: "-4", max: "1", step: "0.01" }), h("span", { id: "rate-mark", class: "mark", "aria-hidden": "true", hidden: true }, "2/L"))),
      h("p", { id: "rate-said", class: "rate-said", role: "status" }),
      h("label", { for: "steps" }, "Updates"),
      h("input", { id: "steps", type: "number", min: "1", max: "5000", value: "400" }),
      h("div", { id: "play-problem" }),
    ),
    h(
      "article",
      { class: "sheet", "aria-label": "descent" },
      h("div", { class: "player" }, h("button", { type: "button", class: "button", id: "play" }, "Play"), h("input", { id: "time", type: "range", min: "0", max: "1", value: "0", "aria-label": "update shown" })),
      h("p", { id: "play-said", class: "play-said", role: "status" }),
      h("div", { id: "plots", class: "plots" }),
      h("iframe", { class: "sandbox", sandbox: "allow-scripts", title: "where the code of descent runs", tabindex: "-1", "aria-hidden": "true" }),
    ),
  ];
}

function panel(): VNode {
  return h(
    "aside",
    { id: "panel", class: "panel", "aria-labelledby": "panel-title", hidden: true },
    h("div", { class: "panel-head" }, h("h2", { id: "panel-title", tabindex: "-1" }, ""), h("button", { type: "button", class: "button icon", id: "panel-close", "aria-label": "close" }, "✕")),
    h("div", { id: "panel-body", class: "panel-body" }),
  );
}

function foot(): VNode {
  return h(
    "footer",
    { class: "foot" },
    h("span", { id: "engine", role: "status", "data-stage": "loading" }, "The engine is being loaded."),
    h("span", {}, "Everything runs in your browser; nothing you enter leaves it."),
    h("a", { class: "whole", href: "./" }, "Open the whole page"),
    h("div", { id: "said", role: "status", "aria-live": "polite" }),
  );
}
