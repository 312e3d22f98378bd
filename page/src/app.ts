// The page: its state, its panes, its engine.

import { announce, type Pane } from "./controls.ts";
import { checkPane } from "./check.ts";
import { circuitPane } from "./circuit.ts";
import { derivePane } from "./derive.ts";
import { Engine } from "./engine.ts";
import { Panel } from "./panel.ts";
import { playPane } from "./play.ts";
import { fresh, fromLink, LARGEST_TEXT, TABS, toLink, type State, type Tab } from "./state.ts";
import { trustedScript } from "./trusted.ts";
import type { CostInfo } from "./view.ts";

export interface GalleryEntry {
  name: string;
  title: string;
  text: string;
}

const FOLDER = document.documentElement.dataset.folder ?? "";

export class App {
  state: State = fresh();
  cost: CostInfo | null = null;
  gallery: GalleryEntry[] = [];
  readonly engine: Engine;
  readonly panel: Panel;
  private panes!: Record<Tab, Pane>;
  private linkTimer = 0;
  private written = "";

  constructor() {
    this.engine = new Engine(`${FOLDER}/engine-worker.js`, (progress) => {
      const light = document.getElementById("engine")!;
      light.dataset.stage = progress.stage;
      light.textContent = progress.said;
      document.documentElement.dataset.engine = progress.stage;
    });
    this.panel = new Panel(this);
  }

  file(name: string): string {
    return `${FOLDER}/${name}`;
  }

  /** About how many letters of mathematics fit beside a left-hand side. */
  letters(): number {
    const room = document.getElementById("sheet")!.clientWidth || document.documentElement.clientWidth - 40;
    const beside = room > 560 ? 0.62 * room - 90 : room - 75;
    return Math.max(20, Math.min(84, beside / 8.6));
  }

  /** Take what changed; false, and said, where a text is too long. */
  change(part: Partial<State>): boolean {
    const long = [part.cost, part.check?.text, part.check?.context].some((text) => (text?.length ?? 0) > LARGEST_TEXT);
    if (long) announce("That is more than 64 kB; enter a part of it.");
    if (long) return false;
    this.state = { ...this.state, ...part };
    window.clearTimeout(this.linkTimer);
    this.linkTimer = window.setTimeout(() => void this.write(), 250);
    return true;
  }

  /** The state's address; also the page's own. */
  async write(): Promise<string> {
    const link = await toLink(this.state);
    this.written = link;
    const address = `${location.pathname}${location.search}${link}`;
    history.replaceState(null, "", address);
    return new URL(address, location.href).href;
  }

  async start(): Promise<void> {
    this.engine.start();
    const [state, gallery] = await Promise.all([this.read(), fetch(this.file("gallery.json")).then((answer) => answer.json() as Promise<GalleryEntry[]>)]);
    this.gallery = gallery;
    this.state = state;
    this.panes = { derive: derivePane(this), check: checkPane(this), circuit: circuitPane(this), play: playPane(this) };
    this.wire();
    this.select(this.state.tab, false);
  }

  private async read(): Promise<State> {
    if (!location.hash) return fresh();
    const found = await fromLink(location.hash);
    if (!found) announce("This link cannot be read; here is a fresh page.");
    return found ?? fresh();
  }

  private wire(): void {
    for (const tab of TABS) {
      document.getElementById(`tab-${tab}`)!.addEventListener("click", () => this.select(tab));
    }
    document.getElementById("tabs")!.addEventListener("keydown", (event) => this.arrow(event));
    window.addEventListener("hashchange", () => void this.linked());
    let timer = 0;
    let wide = innerWidth;
    window.addEventListener("resize", () => {
      if (innerWidth === wide) return;
      wide = innerWidth;
      window.clearTimeout(timer);
      timer = window.setTimeout(() => this.panes[this.state.tab].resized?.(), 150);
    });
    document.getElementById("theme")!.addEventListener("click", () => this.theme());
    document.getElementById("share")!.addEventListener("click", () => void this.share());
  }

  private async linked(): Promise<void> {
    if (location.hash === this.written) return;
    this.state = await this.read();
    this.select(this.state.tab, false);
  }

  private arrow(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const at = TABS.indexOf(this.state.tab);
    const next = TABS[(at + step + TABS.length) % TABS.length]!;
    this.select(next);
    document.getElementById(`tab-${next}`)!.focus();
    event.preventDefault();
  }

  select(tab: Tab, write = true): void {
    for (const other of TABS) {
      const button = document.getElementById(`tab-${other}`)!;
      button.setAttribute("aria-selected", String(other === tab));
      button.tabIndex = other === tab ? 0 : -1;
      document.getElementById(`pane-${other}`)!.hidden = other !== tab;
      if (other !== tab) this.panes[other].hide?.();
    }
    document.body.dataset.tab = tab;
    if (write) this.change({ tab });
    this.panes[tab].show();
  }

  private theme(): void {
    const root = document.documentElement;
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    try {
      localStorage.setItem("theme", root.dataset.theme);
    } catch {
      // A browser that keeps nothing still shows the colours now.
    }
  }

  private async share(): Promise<void> {
    const address = await this.write();
    try {
      await navigator.clipboard.writeText(address);
      announce("The link is on the clipboard. It holds everything you see; nothing was sent.");
    } catch {
      announce("The link is in the address bar.");
    }
  }
}

function settings(): void {
  const root = document.documentElement;
  if (new URLSearchParams(location.search).has("embed")) root.dataset.embed = "";
  try {
    const kept = localStorage.getItem("theme");
    if (kept === "dark" || kept === "light") root.dataset.theme = kept;
  } catch {
    // As above.
  }
}

settings();
void new App().start();
if ("serviceWorker" in navigator && window.isSecureContext) {
  window.addEventListener("load", () => {
    navigator.serviceWorker.register(trustedScript("service-worker.js")).catch(() => undefined);
  });
}
