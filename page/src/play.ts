// The Play pane: gradient descent on points one can see.

import type { App } from "./app.ts";
import { announce, type Pane } from "./controls.ts";
import { readTable, Unfit, type Table } from "./csv.ts";
import type { Job, Run } from "./descent.ts";
import { Refused, Superseded } from "./engine.ts";
import { failureNode } from "./failure.ts";
import { fill, h, type VNode } from "./nodes.ts";
import { boundary, fitted, history, short, surface } from "./plot.ts";
import type { Program } from "./view.ts";

interface Setting {
  program: Program;
  table: Table;
  points: number[][];
  target: number[];
  names: string[];
  classes: number[];
}
const LARGEST_FILE = 4e6;
const LARGEST_LINKED = 20_000;
const PLAY_MS = 4000;

export function playPane(app: App): Pane {
  const pane = document.getElementById("pane-play")!;
  const frame = pane.querySelector<HTMLIFrameElement>("iframe")!;
  const problem = pane.querySelector<HTMLElement>("#play-problem")!;
  const plots = pane.querySelector<HTMLElement>("#plots")!;
  const said = pane.querySelector<HTMLElement>("#play-said")!;
  const data = pane.querySelector<HTMLSelectElement>("#data")!;
  const file = pane.querySelector<HTMLInputElement>("#file")!;
  const standard = pane.querySelector<HTMLInputElement>("#standardise")!;
  const rate = pane.querySelector<HTMLInputElement>("#rate")!;
  const rateText = pane.querySelector<HTMLInputElement>("#rate-text")!;
  const rateSaid = pane.querySelector<HTMLElement>("#rate-said")!;
  const mark = pane.querySelector<HTMLElement>("#rate-mark")!;
  const steps = pane.querySelector<HTMLInputElement>("#steps")!;
  const time = pane.querySelector<HTMLInputElement>("#time")!;
  const play = pane.querySelector<HTMLButtonElement>("#play")!;
  let setting: Setting | null = null;
  let run: Run | null = null;
  let number = 0;
  let playing = 0;
  let until = 0;
  let own: { name: string; table: Table } | null = null;
  let loaded = "";
  let ready = false;
  let waiting: { number: number; job: Job; scalars: string[] } | null = null;

  window.addEventListener("message", (event: MessageEvent<{ ready?: true; number?: number; run?: Run; failed?: string }>) => {
    if (event.source !== frame.contentWindow) return;
    if (event.data.ready) {
      ready = true;
      send();
    } else if (event.data.number === number) {
      if (event.data.run) took(event.data.run);
      else refuse("Descent", String(event.data.failed), "another rate, fewer steps");
    }
  });

  function send(): void {
    if (!ready || !waiting) return;
    frame.contentWindow?.postMessage(waiting, "*");
    waiting = null;
  }

  // --- what it runs on ----------------------------------------------------------------------------

  async function table(): Promise<Table> {
    if (own) return own.table;
    const name = app.state.play.data;
    if (name.includes("\n")) return readTable(name);
    const known = name === "breast-cancer" ? name : "course-lab";
    const answer = await fetch(app.file(`data/${known}.csv`));
    return readTable(await answer.text());
  }

  async function load(): Promise<void> {
    const { cost, constants } = app.state;
    const key = JSON.stringify([cost, constants, app.state.play.data, own?.name, standard.checked]);
    if (key === loaded && setting) return;
    try {
      const values = { ...constants };
      let program = await app.engine.ask<Program>("program", { cost, constants: values }, "program");
      const missing = program.constants.filter((one) => !(one.name in values));
      if (missing.length) {
        for (const one of missing) values[one.name] = one.dims.length ? "1" : "0.1";
        announce(`${missing.map((one) => one.name).join(", ")} had no value; 0.1 is taken here.`);
        app.change({ constants: values });
        program = await app.engine.ask<Program>("program", { cost, constants: values }, "program");
      }
      setting = arrange(program, await table(), standard.checked);
      loaded = key;
      fill(problem);
      descend(true);
    } catch (error) {
      if (error instanceof Superseded) return;
      setting = null;
      fill(plots);
      said.textContent = "";
      if (error instanceof Refused) fill(problem, failureNode(error.failure, app.panel.page));
      else if (error instanceof Unfit) refuse("The table", error.message, "a file with a header, numbers in each cell, the target last");
      else throw error;
    }
  }

  function refuse(title: string, reason: string, fix: string): void {
    fill(problem, failureNode({ id: "", title, reason, fix, text: "" }, app.panel.page));
  }

  function descend(renew = false): void {
    if (!setting) return;
    const { job, scalars } = jobOf(setting, app.state.play.rate, app.state.play.steps);
    number += 1;
    waiting = { number, job, scalars };
    if (renew) until = -1;
    send();
  }

  // --- what came out ------------------------------------------------------------------------------

  function took(found: Run): void {
    run = found;
    const last = found.costs.length - 1;
    time.max = String(last);
    rates();
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    stopPlaying();
    if (calm || until !== -1) at(last);
    else animate();
  }

  function rates(): void {
    if (!run || !setting) return;
    const { program } = setting;
    const top = run.bound ? 4 * run.bound : Math.max(10, run.rate);
    const [low, high] = [Math.log10(top / 4000), Math.log10(top)];
    rate.min = String(low);
    rate.max = String(high);
    rate.step = String((high - low) / 400);
    rate.value = String(Math.log10(run.rate));
    rate.setAttribute("aria-valuetext", short(run.rate));
    if (document.activeElement !== rateText) rateText.value = String(Number(run.rate.toPrecision(4)));
    mark.hidden = !run.bound;
    if (run.bound) mark.style.left = `${(100 * (Math.log10(run.bound) - low)) / (high - low)}%`;
    const known = program.rate;
    if (run.bound && "convex" in known) {
      const below = run.rate < run.bound;
      rateSaid.textContent = `Every rate below 2/L = ${short(run.bound)} converges for certain where a minimum exists (L = ${short(run.lipschitz!)}, from the curvature, ${known.evidence}). This rate is ${below ? "below" : "above"} it.`;
      rateSaid.classList.toggle("above", !below);
    } else {
      rateSaid.textContent = `No rate can be promised here: ${"why" in known ? known.why : "there are too many parameters to find the curvature"}.`;
      rateSaid.classList.remove("above");
    }
  }

  function at(k: number): void {
    if (!run || !setting) return;
    until = Math.min(k, run.costs.length - 1);
    time.value = String(until);
    draw();
  }

  function draw(): void {
    if (!run || !setting) return;
    const { program, points, target, names } = setting;
    const figures: [VNode, string][] = [];
    if (run.plane) {
      const others = run.names.length > 2 ? `; the other ${run.names.length - 2} where descent ended` : "";
      figures.push([surface(run.plane, run.names, run.path, until), `Cost over ${run.names[run.plane.a]} and ${run.names[run.plane.b]}${others}`]);
    }
    figures.push([history(run.costs, until, program.goal), "Cost after each update"]);
    if (run.map && names.length === 2) {
      const squashed = program.prediction?.squashed ?? false;
      const labels = program.target?.values ?? [];
      const line = labels.length === 2 ? (squashed ? 0.5 : labels.includes(-1) ? 0 : 0.5) : null;
      const middle = labels.length === 2 ? (labels[0]! + labels[1]!) / 2 : (Math.min(...target) + Math.max(...target)) / 2;
      figures.push([boundary(run.map, points, target, names, line, middle), line === null ? "What the model says of each point" : `Decision boundary, ${program.prediction!.name} = ${line}`]);
    } else if (run.curve) figures.push([fitted(run.curve, points, target, [names[0]!, program.target?.name ?? ""]), "The model and the examples"]);
    fill(plots, figures.map(([plot, caption]) => h("figure", {}, plot, h("figcaption", {}, caption))));
    words();
  }

  function words(): void {
    if (!run || !setting) return;
    const cost = run.costs[until]!;
    const theta = run.path[until]!;
    const shown = run.names.slice(0, 6).map((name, k) => `${name} = ${short(theta[k]!)}`);
    const end = until === run.costs.length - 1;
    const how = !end ? "" : run.ended === "diverged" ? " The cost grows without end: the rate is too large." : run.ended === "settled" ? " Nothing moves any more." : "";
    said.textContent = `After ${until} updates: ${setting.program.goal} = ${short(cost)}; ${shown.join(", ")}${run.names.length > 6 ? ", …" : ""}.${how}`;
    said.dataset.cost = String(cost);
  }

  function animate(): void {
    const last = run!.costs.length - 1;
    const began = performance.now();
    play.textContent = "Stop";
    const tick = (now: number) => {
      const share = Math.min(1, (now - began) / PLAY_MS);
      at(Math.round(last * share ** 2));
      if (share < 1) playing = requestAnimationFrame(tick);
      else stopPlaying();
    };
    playing = requestAnimationFrame(tick);
  }

  function stopPlaying(): void {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
  }

  // --- controls -----------------------------------------------------------------------------------

  function setRate(value: number): void {
    if (!(value > 0) || !Number.isFinite(value)) return;
    app.change({ play: { ...app.state.play, rate: value } });
    descend();
  }
  rate.addEventListener("input", () => setRate(10 ** Number(rate.value)));
  rateText.addEventListener("change", () => setRate(Number(rateText.value)));
  steps.addEventListener("change", () => {
    const value = Math.round(Number(steps.value));
    if (!(value >= 1 && value <= 5000)) return;
    app.change({ play: { ...app.state.play, steps: value } });
    descend();
  });
  time.addEventListener("input", () => {
    stopPlaying();
    at(Number(time.value));
  });
  play.addEventListener("click", () => {
    if (playing) stopPlaying();
    else if (run) animate();
  });
  standard.addEventListener("change", () => {
    app.change({ play: { ...app.state.play, rate: null } });
    void load();
  });
  data.addEventListener("change", () => {
    own = null;
    if (data.value === "file") return file.click();
    app.change({ play: { ...app.state.play, data: data.value, rate: null } });
    standard.checked = data.value === "breast-cancer";
    void load();
  });
  file.addEventListener("change", () => {
    const chosen = file.files?.[0];
    void take(chosen).finally(() => (file.value = "")); // the same name may be chosen again
  });
  for (const kind of ["dragover", "dragenter"]) pane.addEventListener(kind, (event) => event.preventDefault());
  pane.addEventListener("drop", (event) => {
    event.preventDefault();
    void take((event as DragEvent).dataTransfer?.files[0]);
  });

  async function take(one: File | undefined): Promise<void> {
    if (!one) return;
    try {
      if (one.size > LARGEST_FILE) throw new Unfit("the file has more than 4 MB; the command line fits large files");
      const text = await one.text();
      own = { name: `${one.name} ${one.lastModified}`, table: readTable(text) };
      data.value = "file";
      const linked = text.length <= LARGEST_LINKED ? text : "course-lab";
      app.change({ play: { ...app.state.play, data: linked, rate: null } });
      loaded = "";
      await load();
      if (!problem.childElementCount) announce(`${one.name}: ${own.table.rows.length} rows, ${own.table.columns.length} columns.`);
    } catch (error) {
      if (!(error instanceof Unfit)) throw error;
      refuse("The table", error.message, "a file with a header, numbers in each cell, the target last");
    }
  }

  return {
    show(): void {
      if (!frame.src) frame.src = app.file("play.html");
      steps.value = String(app.state.play.steps);
      data.value = own || app.state.play.data.includes("\n") ? "file" : app.state.play.data;
      if (data.selectedIndex < 0) data.value = "course-lab";
      const named = app.gallery.find((entry) => entry.name === app.state.cost);
      pane.querySelector("#play-name")!.textContent = named ? named.title : "Your cost";
      void load();
    },
    hide: stopPlaying,
    resized: draw,
  };
}

/** Columns as the cost's names: the last is the target, the others the inputs. */
function arrange(program: Program, table: Table, standardise: boolean): Setting {
  const wide = program.features.dims.length === 2;
  const count = program.target ? table.columns.length - 1 : table.columns.length;
  if (!wide && count !== 1) throw new Unfit(`${program.features.name} is one column here, and the table has ${count} before the target`);
  let points = table.rows.map((row) => row.slice(0, count));
  if (standardise) points = standardised(points);
  const target = program.target ? table.rows.map((row) => row[count]!) : table.rows.map(() => 0);
  const allowed = program.target?.values ?? [];
  const wrong = target.findIndex((value) => allowed.length > 0 && !allowed.includes(value));
  const twoValued = new Set(target).size === 2;
  if (wrong >= 0 && !(twoValued && allowed.length === 2))
    throw new Unfit(`${program.target!.name} is one of ${allowed.join(", ")}, and column ${table.columns[count]} holds ${target[wrong]} in row ${wrong + 1}`);
  const sorted = [...new Set(target)].sort((a, b) => a - b);
  const labels = wrong >= 0 ? target.map((value) => allowed[sorted.indexOf(value)]!) : target;
  if (program.target?.onehot && sorted.length > 12) throw new Unfit(`column ${table.columns[count]} has ${sorted.length} different values, too many for classes`);
  return { program, table, points, target: labels, names: table.columns.slice(0, count), classes: sorted };
}

function standardised(points: number[][]): number[][] {
  const count = points[0]!.length;
  const means = Array.from({ length: count }, (_, k) => points.reduce((sum, p) => sum + p[k]!, 0) / points.length);
  const spreads = means.map((mean, k) => Math.sqrt(points.reduce((sum, p) => sum + (p[k]! - mean) ** 2, 0) / points.length) || 1);
  return points.map((p) => p.map((value, k) => (value - means[k]!) / spreads[k]!));
}

/** Everything descent needs, as numbers. */
function jobOf(setting: Setting, rate: number | null, steps: number): { job: Job; scalars: string[] } {
  const { program, points, target, classes } = setting;
  const sizes: Record<string, number> = { [program.rows]: points.length };
  if (program.features.dims[1]) sizes[program.features.dims[1]] = points[0]!.length;
  const given: Job["given"] = { [program.features.name]: Float64Array.from(points.flat()) };
  if (program.target) {
    const wide = program.target.dims[1];
    if (wide) sizes[wide] = program.target.onehot ? classes.length : 1;
    given[program.target.name] = program.target.onehot && wide ? Float64Array.from(target.flatMap((value) => classes.map((one) => Number(one === value)))) : Float64Array.from(target);
  }
  for (const constant of program.constants) given[constant.name] = 0.1;
  const dim = (name: string) => sizes[name] ?? (/^\d+$/.test(name) ? Number(name) : (sizes[name] = 4));
  const draw = seeded(7);
  const parameters = program.parameters.map((one) => {
    const size = one.dims.reduce((whole, name) => whole * dim(name), 1);
    const start = Array.from({ length: size }, () => (one.positive ? 1 : program.linear || !one.dims.length ? 0 : draw()));
    return { name: one.name, size, gradient: one.gradient, start };
  });
  const scalars = program.parameters.filter((one) => !one.dims.length).map((one) => one.name);
  const ranges = points[0]!.map((_, k): [number, number] => [Math.min(...points.map((p) => p[k]!)), Math.max(...points.map((p) => p[k]!))]);
  const usable = program.prediction && !program.prediction.needs_target ? program.prediction : null;
  const job: Job = {
    source: program.source,
    goal: program.goal,
    parameters,
    given,
    sizes,
    rate,
    steps,
    curvature: "source" in program.rate ? program.rate.source : null,
    prediction: usable && { source: usable.source, features: program.features.name, dims: program.features.dims, rows: program.rows, ranges },
  };
  return { job, scalars };
}

/** Small numbers around 0, the same each time: where a network begins. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    return 1.6 * (state / 4294967296 - 0.5);
  };
}
