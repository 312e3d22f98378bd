// Plots as SVG: contours with a path, curves, points. Colours are classes; the numbers come from descent.

import { contours } from "d3-contour";
import { h, type Child, type VNode } from "./nodes.ts";

const WIDTH = 460;
const HEIGHT = 330;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 42;

export interface Scale {
  (value: number): number;
  low: number;
  high: number;
}

function scale(low: number, high: number, from: number, to: number): Scale {
  const room = high > low ? high - low : 1;
  return Object.assign((value: number) => from + ((value - low) / room) * (to - from), { low, high: low + room });
}

const across = (low: number, high: number) => scale(low, high, LEFT, WIDTH - RIGHT);
const up = (low: number, high: number) => scale(low, high, HEIGHT - BOTTOM, TOP);

export function ticks(low: number, high: number, count = 5): number[] {
  const room = high - low;
  if (!(room > 0) || !Number.isFinite(room)) return [low];
  const rough = room / count;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * ([1, 2, 5, 10].find((m) => m * ten >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const found: number[] = [];
  for (let k = first; k * step <= high + 1e-9 * room && found.length < 20; k++) found.push(k * step);
  return found;
}

export function short(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-3 ? value.toExponential(size >= 1e5 ? 0 : 1) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

function frame(title: string, description: string, x: Scale, y: Scale, names: [string, string], inside: Child[], labels: (v: number) => string = short): VNode {
  return h(
    "svg",
    { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `${title}. ${description}` },
    h("g", { class: "axes" }, [
      ...ticks(x.low, x.high).map((v) => h("g", {}, h("line", { class: "grid", x1: x(v), x2: x(v), y1: TOP, y2: HEIGHT - BOTTOM }), h("text", { x: x(v), y: HEIGHT - BOTTOM + 16, "text-anchor": "middle" }, short(v)))),
      ...ticks(y.low, y.high).map((v) => h("g", {}, h("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y(v), y2: y(v) }), h("text", { x: LEFT - 7, y: y(v) + 4, "text-anchor": "end" }, labels(v)))),
    ]),
    h("svg", { x: LEFT, y: TOP, width: WIDTH - LEFT - RIGHT, height: HEIGHT - TOP - BOTTOM, viewBox: `${LEFT} ${TOP} ${WIDTH - LEFT - RIGHT} ${HEIGHT - TOP - BOTTOM}` }, inside),
    h("text", { class: "name", x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" }, names[0]),
    h("text", { class: "name", x: 4, y: TOP + 2, "dominant-baseline": "hanging" }, names[1]),
  );
}

const path = (points: [number, number][]) => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

/** Filled level sets of values on a grid. */
function levels(values: number[], xs: number[], ys: number[], x: Scale, y: Scale, at: number[], kind: string): VNode[] {
  const size = xs.length;
  const column = (c: number) => x(xs[0]! + ((c - 0.5) / (size - 1)) * (xs[size - 1]! - xs[0]!));
  const row = (r: number) => y(ys[0]! + ((r - 0.5) / (ys.length - 1)) * (ys[ys.length - 1]! - ys[0]!));
  return contours().size([size, ys.length]).thresholds(at)(values).map((one) => {
    const d = one.coordinates.flatMap((polygon) => polygon.map((ring) => `${path(ring.map(([c, r]) => [column(c!), row(r!)]))}Z`)).join("");
    return h("path", { class: kind, d, "fill-opacity": kind === "shade" ? 0.05 : 0.085 });
  });
}

/** The cost over two parameters with the path of descent on it. */
export function surface(plane: { a: number; b: number; xs: number[]; ys: number[]; values: number[] }, names: string[], points: number[][], until: number): VNode {
  const { a, b, xs, ys, values } = plane;
  const x = across(xs[0]!, xs[xs.length - 1]!);
  const y = up(ys[0]!, ys[ys.length - 1]!);
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const at = Array.from({ length: 12 }, (_, k) => low + (high - low) * ((k + 0.5) / 12) ** 2.2);
  const line = points.slice(0, until + 1).filter((p) => Number.isFinite(p[a]!) && Number.isFinite(p[b]!)).map((p): [number, number] => [clip(x(p[a]!)), clip(y(p[b]!))]);
  const end = line[line.length - 1]!;
  return frame("The cost over two parameters", `darker is higher; the path of descent after ${until} updates`, x, y, [names[a]!, names[b]!], [
    ...levels(values.map((v) => (Number.isFinite(v) ? v : high)), xs, ys, x, y, at, "level"),
    h("path", { class: "path", d: path(line) }),
    ...(line.length < 60 ? line.map(([px, py]) => h("circle", { class: "step", cx: px, cy: py, r: 2.2 })) : []),
    h("circle", { class: "start", cx: line[0]![0], cy: line[0]![1], r: 4 }),
    h("circle", { class: "end", cx: end[0], cy: end[1], r: 5 }),
  ]);
}

const clip = (value: number) => Math.max(-2000, Math.min(3000, value));

/** The cost after each update. */
export function history(costs: number[], until: number, goal: string): VNode {
  const finite = costs.filter((c) => Number.isFinite(c));
  const positive = finite.every((c) => c > 0);
  const logs = positive && Math.max(...finite) / Math.min(...finite) > 30;
  const shown = (c: number) => (logs ? Math.log10(c) : c);
  const all = finite.map(shown);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (high - low || Math.abs(high) || 1);
  const x = across(0, Math.max(1, costs.length - 1));
  const y = up(low - room, high + room);
  const line = costs.slice(0, until + 1).flatMap((c, k): [number, number][] => (Number.isFinite(c) ? [[x(k), y(shown(c))]] : []));
  const end = line[line.length - 1]!;
  return frame("The cost after each update", `from ${short(costs[0]!)} to ${short(costs[Math.min(until, costs.length - 1)]!)}`, x, y, ["update", logs ? `${goal} (each line ten times)` : goal], [
    h("path", { class: "curve", d: path(line) }),
    h("circle", { class: "end", cx: end[0], cy: end[1], r: 4 }),
  ], logs ? (v) => (Number.isInteger(v) ? short(10 ** v) : "") : short);
}

/** Examples over their two inputs, with the prediction behind them and the boundary. */
export function boundary(map: { xs: number[]; ys: number[]; values: number[] }, points: number[][], target: number[], names: string[], at: number | null, mark: number): VNode {
  const x = across(map.xs[0]!, map.xs[map.xs.length - 1]!);
  const y = up(map.ys[0]!, map.ys[map.ys.length - 1]!);
  const [low, high] = [Math.min(...map.values), Math.max(...map.values)];
  const shades = Array.from({ length: 9 }, (_, k) => low + ((high - low) * (k + 0.5)) / 9);
  return frame("What the model says of each point", at === null ? "shades are the prediction" : "the line is the decision boundary", x, y, [names[0]!, names[1]!], [
    ...(high > low ? levels(map.values, map.xs, map.ys, x, y, shades, "shade") : []),
    ...(at !== null && high > low ? levels(map.values, map.xs, map.ys, x, y, [at], "boundary") : []),
    ...points.slice(0, 2000).map((p, k) => example(x(p[0]!), y(p[1]!), target[k]! > mark)),
  ]);
}

/** Crosses and rings, so that the classes are told without colours. */
function example(x: number, y: number, positive: boolean): VNode {
  return positive ? h("path", { class: "example yes", d: `M${x - 5} ${y - 5}l10 10m0 -10l-10 10` }) : h("circle", { class: "example no", cx: x, cy: y, r: 4.6 });
}

/** Examples over their one input, with the model's curve. */
export function fitted(curve: { xs: number[]; values: number[] }, points: number[][], target: number[], names: [string, string]): VNode {
  const all = [...curve.values.filter(Number.isFinite), ...target];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const room = 0.06 * (high - low || 1);
  const x = across(curve.xs[0]!, curve.xs[curve.xs.length - 1]!);
  const y = up(low - room, high + room);
  return frame("The model and the examples", "the curve is what it says", x, y, names, [
    ...points.slice(0, 2000).map((p, k) => h("circle", { class: "example no", cx: x(p[0]!), cy: y(target[k]!), r: 3.6 })),
    h("path", { class: "curve", d: path(curve.xs.flatMap((v, k): [number, number][] => (Number.isFinite(curve.values[k]!) ? [[x(v), clip(y(curve.values[k]!))]] : []))) }),
  ]);
}
