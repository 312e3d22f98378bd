// The side panel: the page of a rule or a mistake, or a part of a formula with its derivatives.

import type { App } from "./app.ts";
import { announce } from "./controls.ts";
import { Refused, Superseded } from "./engine.ts";
import { failureNode } from "./failure.ts";
import { fill, fromTree, h, type Child } from "./nodes.ts";
import { documentNodes, type Actions } from "./render.ts";
import type { Part, View } from "./view.ts";

export class Panel {
  private readonly box = document.getElementById("panel")!;
  private readonly body = document.getElementById("panel-body")!;
  private readonly title = document.getElementById("panel-title")!;
  private before: HTMLElement | null = null;
  private readonly actions: Actions = { page: (id) => this.page(id) };

  constructor(private readonly app: App) {
    document.getElementById("panel-close")!.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.box.hidden) this.close();
    });
  }

  page = (id: string): void => {
    void this.load(id, "page", async () => {
      const found = await this.app.engine.ask<{ document: View; title: string }>("page", { subject: id, width: 40 }, "panel");
      const [head, ...blocks] = found.document.blocks;
      const name = head?.kind === "heading" ? found.title : id;
      const rest = head?.kind === "heading" ? blocks : found.document.blocks;
      return [name, [h("p", { class: "aside" }, id), ...documentNodes({ ...found.document, blocks: rest }, this.actions)]];
    });
  };

  part = (name: string, wrt = ""): void => {
    void this.load("Part of a formula", "part", async () => {
      const found = await this.app.engine.ask<Part>("part", { name, wrt, width: 36 }, "panel");
      return ["This part", this.partNodes(name, found, wrt)];
    });
  };

  private partNodes(name: string, part: Part, wrt: string): Child[] {
    return [
      h("div", { class: "formula scroll", tabindex: "0", role: "group", "aria-label": "the part" }, fromTree(part.math), part.definition && h("math", {}, h("mo", {}, "=")), part.definition && fromTree(part.definition)),
      h(
        "p",
        { class: "buttons" },
        ...part.by.map((by) => h("button", { class: `button${by === wrt ? " chosen" : ""}`, type: "button", click: () => this.part(name, by) }, "why is ∂/∂", h("i", {}, by), " …?")),
        h("button", { class: "button", type: "button", click: () => void copied(part.latex, "LaTeX") }, "Copy LaTeX"),
        h("button", { class: "button", type: "button", click: () => void copied(part.text, "Text") }, "Copy text"),
      ),
      ...(part.document ? documentNodes(part.document, this.actions) : []),
      part.inside.length > 0 && h("h3", {}, "Inside it"),
      part.inside.length > 0 &&
        h("ul", { class: "inside-list" }, part.inside.map((one) => h("li", {}, h("button", { type: "button", class: "button", click: () => this.part(one.name) }, fromTree(one.math))))),
    ];
  }

  private async load(wait: string, kind: string, make: () => Promise<[string, Child[]]>): Promise<void> {
    if (this.box.hidden) this.before = document.activeElement as HTMLElement | null;
    this.box.dataset.kind = kind;
    try {
      const [title, nodes] = await make();
      this.title.textContent = title;
      fill(this.body, nodes);
    } catch (error) {
      if (error instanceof Superseded || !(error instanceof Refused)) return;
      this.title.textContent = wait;
      fill(this.body, failureNode(error.failure, this.page));
    }
    this.box.hidden = false;
    document.body.classList.add("panelled");
    this.title.focus({ preventScroll: true });
    this.body.scrollTop = 0;
  }

  close(): void {
    this.box.hidden = true;
    document.body.classList.remove("panelled");
    if (this.before?.isConnected) this.before.focus();
  }
}

async function copied(text: string, name: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${name} is on the clipboard.`);
  } catch {
    announce("The clipboard cannot be written here.");
  }
}
