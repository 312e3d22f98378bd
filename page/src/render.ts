// A document as elements. Everything said comes from the engine; here is only how it stands and opens.

import { fromTree, h, type Child, type VNode } from "./nodes.ts";
import type { Block, Inline, Row, View } from "./view.ts";

/** What a reader can do with a document. */
export interface Actions {
  /** Open the page of a rule, a mistake or an error. */
  page(id: string): void;
  /** Open or close the small steps of a row. */
  open?(id: string, button: HTMLElement): void;
  opened?: ReadonlyMap<string, VNode>;
}

const WHY = /^whygrad why (\S+)$/;

export function math(tree: Parameters<typeof fromTree>[0]): VNode {
  return fromTree(tree);
}

export function inline(parts: Inline, actions?: Actions): Child[] {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    if ("math" in part) return fromTree(part.math);
    const asked = WHY.exec(part.code)?.[1];
    if (actions && asked?.includes("/")) return h("button", { class: "link code", type: "button", click: () => actions.page(asked) }, asked);
    return h("code", {}, part.code);
  });
}

export function documentNodes(view: View, actions?: Actions): VNode[] {
  return view.blocks.filter((block) => !isForTerminal(block)).map((block) => blockNode(block, actions));
}

/** Hints that name commands; on the page there is a button for each. */
function isForTerminal(block: Block): boolean {
  if (block.kind !== "callout" || block.callout !== "next") return false;
  return block.parts.some((part) => typeof part === "object" && "code" in part && /^whygrad (why \S+ |derive)/.test(part.code));
}

export function blockNode(block: Block, actions?: Actions): VNode {
  switch (block.kind) {
    case "heading":
      return h(
        "header",
        { class: `level-${block.level}` },
        h(`h${Math.min(Math.max(block.level + 1, 2), 6)}`, {}, inline(block.text, actions)),
        block.aside.length > 0 && h("p", { class: "aside" }, inline(block.aside, actions)),
      );
    case "sentence":
      return h("p", {}, inline(block.parts, actions));
    case "formula":
      return h("div", { class: "formula scroll", tabindex: "0", role: "group", "aria-label": "formula" }, block.lines.map((line) => h("div", {}, fromTree(line))));
    case "rows":
      return h(
        "section",
        { class: "rows-block", "data-block": block.id },
        block.title.length > 0 && h("h3", { class: "title" }, inline(block.title, actions)),
        rowsNode(block.rows, actions),
      );
    case "callout":
      return h(
        "p",
        { class: `callout ${block.callout}`, role: "note" },
        block.title && h("span", { class: "kind" }, `${block.title} `),
        inline(block.parts, actions),
      );
    case "table":
      return tableNode(block);
    case "code":
      return h("pre", { tabindex: "0" }, h("code", {}, block.text));
  }
}

function tableNode(block: Extract<Block, { kind: "table" }>): VNode {
  const head = h("thead", {}, h("tr", {}, block.header.map((cell) => h("th", { scope: "col" }, inline(cell)))));
  const rows = block.rows.map((row) => h("tr", {}, row.map((cell) => h("td", {}, inline(cell)))));
  return h("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "table" }, h("table", { class: "data" }, block.header.length > 0 && head, h("tbody", {}, rows)));
}

/** Rows with their relations below one another. */
export function rowsNode(rows: Row[], actions?: Actions): VNode {
  return h("div", { class: "rows", role: "list" }, rows.flatMap((row) => rowNodes(row, actions)));
}

function rowNodes(row: Row, actions?: Actions): VNode[] {
  if (row.note) return [h("div", { class: "row note", role: "listitem" }, h("div", { class: "reason" }, inline(row.reason, actions)))];
  const right = row.lines
    ? row.lines.map((line, n) => h("div", { class: n ? "line more" : "line" }, fromTree(line)))
    : [h("span", { class: "raw" }, row.raw ?? "")];
  const opens = actions?.open && row.id && row.rule && !row.id.endsWith(".matrix");
  const inside = row.id ? actions?.opened?.get(row.id) : undefined;
  const node = h(
    "div",
    { class: `row${row.left ? " first" : ""}${row.id.endsWith(".matrix") ? " matrix" : ""}`, role: "listitem", "data-row": row.id || null },
    h("div", { class: "label" }, row.label),
    h("div", { class: "left" }, row.left && fromTree(row.left)),
    h("div", { class: "relation" }, row.relation && h("math", {}, h("mo", {}, row.relation))),
    h("div", { class: "right" }, right),
    h(
      "div",
      { class: "reason" },
      said(row, actions),
      opens &&
        h(
          "button",
          { class: "why", type: "button", "aria-expanded": inside ? "true" : "false", "aria-label": `why? smaller steps of line ${row.label || row.id}`, click: (event) => actions.open!(row.id, event.currentTarget as HTMLElement) },
          "why?",
        ),
    ),
  );
  return inside ? [node, h("div", { class: "inside", role: "listitem" }, inside)] : [node];
}

/** Verdict, reason, and how it is known where that is not a proof. */
function said(row: Row, actions?: Actions): Child[] {
  const parts: Child[] = [];
  if (row.verdict) parts.push(h("span", { class: `verdict${row.verdict === row.verdict.toUpperCase() ? " wrong" : ""}` }, row.verdict), " ");
  if (row.reason.length) {
    const rule = row.page;
    parts.push(
      rule && actions
        ? h("span", {}, inline(row.reason, actions), " ", h("button", { class: "rule", type: "button", title: rule, "aria-label": `the rule ${rule}`, click: () => actions.page(rule) }, "§"))
        : h("span", {}, inline(row.reason, actions)),
    );
  }
  if (row.evidence && row.evidence !== "proved" && row.evidence !== "definition") parts.push(" ", h("span", { class: "evidence" }, `(${row.evidence})`));
  return parts;
}
