// The whole state of the page, in its link: versioned, compressed, and believed only field by field.

export type Tab = "derive" | "check" | "circuit" | "play";
export interface State {
  tab: Tab;
  cost: string;
  route: "chain" | "substitution" | "backprop";
  level: "brief" | "normal" | "full";
  wrt: string;
  order: 1 | 2;
  constants: Record<string, string>;
  check: { text: string; context: string; own: boolean };
  circuit: { parts: "none" | "sigmoid" | "all"; at: Record<string, string>; steps: boolean };
  play: { data: string; rate: number | null; steps: number };
}

export const TABS: readonly Tab[] = ["derive", "check", "circuit", "play"];
export const LARGEST_TEXT = 65536;
const VERSION = "1";
const LARGEST_LINK = 65536;
const LARGEST_STATE = 4 * LARGEST_TEXT;

export function fresh(): State {
  return {
    tab: "derive",
    cost: "logistic",
    route: "chain",
    level: "normal",
    wrt: "",
    order: 1,
    constants: {},
    check: { text: "", context: "", own: true },
    circuit: { parts: "none", at: {}, steps: false },
    play: { data: "course-lab", rate: null, steps: 400 },
  };
}

type Data = Record<string, unknown>;
const isObject = (value: unknown): value is Data =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const object = (value: unknown): Data => (isObject(value) ? value : {});
const text = (value: unknown, other: string): string =>
  typeof value === "string" && value.length <= LARGEST_TEXT ? value : other;
const one = <T extends string>(value: unknown, known: readonly T[], other: T): T =>
  known.find((word) => word === value) ?? other;

function numbers(value: unknown): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, entry] of Object.entries(object(value)).slice(0, 40)) {
    const written = typeof entry === "number" ? String(entry) : entry;
    const fits = typeof written === "string" && written.length <= 24 && Number.isFinite(Number(written));
    if (fits && name.length <= 40) found[name] = written;
  }
  return found;
}

/** What can be believed of some data; the rest is as on a fresh page. */
export function validated(data: unknown): State {
  const base = fresh();
  const given = object(data);
  const check = object(given.check);
  const circuit = object(given.circuit);
  const play = object(given.play);
  const rate = play.rate;
  const steps = play.steps;
  return {
    tab: one(given.tab, TABS, base.tab),
    cost: text(given.cost, base.cost),
    route: one(given.route, ["chain", "substitution", "backprop"], base.route),
    level: one(given.level, ["brief", "normal", "full"], base.level),
    wrt: text(given.wrt, "").slice(0, 40),
    order: given.order === 2 ? 2 : 1,
    constants: numbers(given.constants),
    check: { text: text(check.text, ""), context: text(check.context, ""), own: check.own !== false },
    circuit: {
      parts: one(circuit.parts, ["none", "sigmoid", "all"], "none"),
      at: numbers(circuit.at),
      steps: circuit.steps === true,
    },
    play: {
      data: text(play.data, base.play.data),
      rate: typeof rate === "number" && rate > 0 && Number.isFinite(rate) ? rate : null,
      steps: typeof steps === "number" && steps >= 1 && steps <= 5000 ? Math.round(steps) : base.play.steps,
    },
  };
}

/** The part of an address behind #. What is as on a fresh page is left out. */
export async function toLink(state: State): Promise<string> {
  const base = fresh() as unknown as Data;
  const changed = Object.entries(state).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(base[key]));
  if (!changed.length) return "";
  const packed = await through(new CompressionStream("deflate-raw"), encode(Object.fromEntries(changed)), Infinity);
  let letters = "";
  for (const byte of packed) letters += String.fromCharCode(byte);
  return `#${VERSION}.${btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** The state of an address; null if it is of another version or no state at all. */
export async function fromLink(hash: string): Promise<State | null> {
  const [version, packed] = hash.replace(/^#/, "").split(".", 2);
  if (version !== VERSION || !packed || packed.length > LARGEST_LINK) return null;
  try {
    const letters = atob(packed.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const plain = await through(new DecompressionStream("deflate-raw"), bytes, LARGEST_STATE);
    return validated(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(plain)));
  } catch {
    return null;
  }
}

const encode = (data: unknown) => new TextEncoder().encode(JSON.stringify(data));

async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  limit: number,
): Promise<Uint8Array> {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > limit) {
      await reader.cancel();
      throw new RangeError("the link unpacks to more than a state holds");
    }
    parts.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
