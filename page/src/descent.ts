// Gradient descent with the code that `whygrad compile --to javascript` writes. Runs in a Worker of the sandboxed
// frame; the answer is numbers only.

export interface Job {
  source: string;
  goal: string;
  parameters: { name: string; size: number; gradient: string; start: number[] }[];
  given: Record<string, number | Float64Array>;
  sizes: Record<string, number>;
  rate: number | null;
  steps: number;
  curvature: string | null;
  prediction: { source: string; features: string; dims: string[]; rows: string; ranges: [number, number][] } | null;
}

export interface Run {
  costs: number[];
  path: number[][];
  names: string[];
  rate: number;
  bound: number | null;
  lipschitz: number | null;
  ended: "steps" | "settled" | "diverged";
  plane: { a: number; b: number; xs: number[]; ys: number[]; values: number[] } | null;
  map: { xs: number[]; ys: number[]; values: number[] } | null;
  curve: { xs: number[]; values: number[] } | null;
  predicted: number[] | null;
}

type Values = Record<string, unknown>;
type Evaluate = (given: Values) => Values;
const GRID = 48;
const MOST_PARAMETERS = 64;
const LARGEST = 1e12;

async function module(source: string, name: string): Promise<Evaluate> {
  const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return ((await import(address)) as Record<string, Evaluate>)[name]!;
  } finally {
    URL.revokeObjectURL(address);
  }
}

const numbers = (value: unknown): number[] => (typeof value === "number" ? [value] : [...(value as Float64Array)]);

/** Parameters as one list of numbers, and back as the code wants them. */
class Layout {
  readonly names: string[] = [];
  readonly parameters: Job["parameters"];
  constructor(parameters: Job["parameters"]) {
    this.parameters = parameters;
    for (const { name, size } of parameters) for (let k = 0; k < size; k++) this.names.push(size === 1 && !this.isArray(name) ? name : `${name}${k + 1}`);
  }
  private isArray(name: string): boolean {
    return this.parameters.find((one) => one.name === name)!.start.length > 1;
  }
  split(theta: readonly number[], scalars: ReadonlySet<string>): Values {
    const found: Values = {};
    let at = 0;
    for (const { name, size } of this.parameters) {
      found[name] = scalars.has(name) ? theta[at] : Float64Array.from(theta.slice(at, at + size));
      at += size;
    }
    return found;
  }
}

export async function descend(job: Job, scalars: ReadonlySet<string>): Promise<Run> {
  const evaluate = await module(job.source, "evaluate");
  const layout = new Layout(job.parameters);
  const given = { ...job.given, ...job.sizes };
  const at = (theta: readonly number[]) => evaluate({ ...given, ...layout.split(theta, scalars) });
  const lipschitz = job.curvature ? await constant(job.curvature, layout, given, scalars) : null;
  const bound = lipschitz && lipschitz > 0 ? 2 / lipschitz : null;
  const rate = job.rate ?? (bound ? bound / 2 : 0.1);

  let theta = job.parameters.flatMap(({ start }) => start);
  const costs: number[] = [];
  const path: number[][] = [];
  let ended: Run["ended"] = "steps";
  for (let step = 0; step <= job.steps; step++) {
    const found = at(theta);
    const cost = found[job.goal] as number;
    costs.push(cost);
    path.push(theta);
    const slope = job.parameters.flatMap(({ gradient }) => numbers(found[gradient]));
    if (!Number.isFinite(cost) || theta.some((value) => Math.abs(value) > LARGEST)) {
      ended = "diverged";
      break;
    }
    if (step === job.steps) break;
    const next = theta.map((value, k) => value - rate * slope[k]!);
    if (next.every((value, k) => value === theta[k])) {
      ended = "settled";
      break;
    }
    theta = next;
  }
  const last = path.findLast((point) => point.every(Number.isFinite)) ?? path[0]!;
  return {
    costs,
    path,
    names: layout.names,
    rate,
    bound,
    lipschitz,
    ended,
    plane: plane(at, job.goal, path, last),
    ...(await predictions(job, layout, given, scalars, last)),
  };
}

/** L = front λ_max(AᵀA) + ridge. A is the linear map from the parameters to the scores, column by column. */
async function constant(source: string, layout: Layout, given: Values, scalars: ReadonlySet<string>): Promise<number | null> {
  const size = layout.names.length;
  if (size > MOST_PARAMETERS) return null;
  const curvature = await module(source, "curvature");
  const zero = new Array<number>(size).fill(0);
  const at = (theta: number[]) => curvature({ ...given, ...layout.split(theta, scalars) });
  const start = at(zero);
  const base = numbers(start.score);
  const columns = zero.map((_, k) => {
    const unit = [...zero];
    unit[k] = 1;
    return numbers(at(unit).score).map((value, i) => value - base[i]!);
  });
  const gram = columns.map((a) => columns.map((b) => a.reduce((sum, value, i) => sum + value * b[i]!, 0)));
  const found = (start.front as number) * largestEigenvalue(gram) + (start.ridge as number);
  return Number.isFinite(found) ? found : null;
}

/** Jacobi's method: rotations until nothing is left beside the diagonal. */
export function largestEigenvalue(matrix: number[][]): number {
  const a = matrix.map((row) => [...row]);
  const size = a.length;
  for (let sweep = 0; sweep < 60; sweep++) {
    let off = 0;
    let whole = 0;
    for (let p = 0; p < size; p++) for (let q = 0; q < size; q++) {
      whole += a[p]![q]! ** 2;
      if (p !== q) off += a[p]![q]! ** 2;
    }
    if (off <= 1e-28 * whole) break;
    for (let p = 0; p < size; p++) for (let q = p + 1; q < size; q++) rotate(a, p, q);
  }
  return Math.max(...a.map((row, k) => row[k]!));
}

function rotate(a: number[][], p: number, q: number): void {
  const apq = a[p]![q]!;
  if (apq === 0) return;
  const theta = (a[q]![q]! - a[p]![p]!) / (2 * apq);
  const t = (theta >= 0 ? 1 : -1) / (Math.abs(theta) + Math.hypot(theta, 1));
  const c = 1 / Math.hypot(t, 1);
  const s = t * c;
  for (const row of a) {
    const [x, y] = [row[p]!, row[q]!];
    row[p] = c * x - s * y;
    row[q] = s * x + c * y;
  }
  const [up, uq] = [a[p]!, a[q]!];
  for (let k = 0; k < a.length; k++) {
    const [x, y] = [up[k]!, uq[k]!];
    up[k] = c * x - s * y;
    uq[k] = s * x + c * y;
  }
}

/** The cost over two parameters, the others where descent ended. */
function plane(at: (theta: number[]) => Values, goal: string, path: number[][], last: number[]): Run["plane"] {
  if (last.length < 2) return null;
  const moved = last.map((_, k) => Math.max(...path.map((p) => (Number.isFinite(p[k]!) ? Math.abs(p[k]! - path[0]![k]!) : 0))));
  const [a, b] = last.length === 2 ? [0, 1] : [...moved.keys()].sort((x, y) => moved[y]! - moved[x]!).slice(0, 2).sort((x, y) => x - y);
  const axis = (k: number) => {
    const seen = path.map((p) => p[k]!).filter((value) => Math.abs(value) < 1e6);
    const [low, high] = [Math.min(...seen), Math.max(...seen)];
    const room = Math.max(0.35 * (high - low), 0.5);
    return Array.from({ length: GRID }, (_, n) => low - room + ((high - low + 2 * room) * n) / (GRID - 1));
  };
  const [xs, ys] = [axis(a!), axis(b!)];
  const values = ys.flatMap((y) =>
    xs.map((x) => {
      const theta = [...last];
      theta[a!] = x;
      theta[b!] = y;
      return at(theta)[goal] as number;
    }),
  );
  return { a: a!, b: b!, xs, ys, values };
}

/** What the model says: of the examples, and over the plane or line of its inputs. */
async function predictions(job: Job, layout: Layout, given: Values, scalars: ReadonlySet<string>, last: number[]): Promise<Pick<Run, "map" | "curve" | "predicted">> {
  const wanted = job.prediction;
  if (!wanted) return { map: null, curve: null, predicted: null };
  const predict = await module(wanted.source, "predict");
  const theta = layout.split(last, scalars);
  const on = (points: Float64Array, rows: number) => {
    const found = predict({ ...given, ...theta, [wanted.rows]: rows, [wanted.features]: points });
    return numbers(found.prediction);
  };
  const rows = job.sizes[wanted.rows]!;
  const predicted = on(job.given[wanted.features] as Float64Array, rows);
  if (predicted.length !== rows) return { map: null, curve: null, predicted: null };
  const axis = ([low, high]: [number, number], count: number) => {
    const room = 0.12 * (high - low) || 1;
    return Array.from({ length: count }, (_, n) => low - room + ((high - low + 2 * room) * n) / (count - 1));
  };
  if (wanted.ranges.length === 2) {
    const [xs, ys] = [axis(wanted.ranges[0]!, GRID), axis(wanted.ranges[1]!, GRID)];
    const points = Float64Array.from(ys.flatMap((y) => xs.flatMap((x) => [x, y])));
    return { map: { xs, ys, values: on(points, GRID * GRID) }, curve: null, predicted };
  }
  if (wanted.ranges.length === 1) {
    const xs = axis(wanted.ranges[0]!, 2 * GRID);
    return { map: null, curve: { xs, values: on(Float64Array.from(xs), xs.length) }, predicted };
  }
  return { map: null, curve: null, predicted };
}
