// The page's parts that need no browser, run by node as they stand. Argument: the folder of the sources.
import assert from "node:assert/strict";
import path from "node:path";
import test from "node:test";
import { pathToFileURL } from "node:url";

const load = (name) => import(pathToFileURL(path.join(process.argv[2], name)).href);
const { fresh, fromLink, toLink, validated } = await load("state.ts");
const { readTable } = await load("csv.ts");
const { descend, largestEigenvalue } = await load("descent.ts");
const { Engine, Refused, Superseded } = await load("engine.ts");
const { markup, fromTree, h } = await load("nodes.ts");

test("a state comes back from its link", async () => {
  const state = { ...fresh(), tab: "check", cost: "J = (w − 3)^2 # ünïcode", order: 2, constants: { lambda: "0.1" } };
  state.check = { text: "= 2 (w - 3)\n", context: "", own: false };
  state.play = { data: "x,y\n1,2\n3,4\n", rate: 0.25, steps: 17 };
  assert.deepEqual(await fromLink(await toLink(state)), state);
  assert.equal(await toLink(fresh()), "");
  assert.ok((await toLink(state)).length < 300, "the link is compressed");
});

test("what is no state of this version is refused", async () => {
  const good = await toLink({ ...fresh(), cost: "linear" });
  for (const bad of ["", "#", "#2" + good.slice(2), "#1.", "#1.@@@", "#1.AAAA", good.slice(0, -3), "#1." + "A".repeat(70000)])
    assert.equal(await fromLink(bad), null, bad.slice(0, 40));
});

test("a link that unpacks to megabytes is refused before it is whole", async () => {
  const { deflateRawSync } = await import("node:zlib");
  const bomb = deflateRawSync(Buffer.alloc(60e6, 32)).toString("base64url");
  assert.ok(bomb.length < 65536 * 2);
  assert.equal(await fromLink("#1." + bomb.slice(0, 65530)), null);
  const small = deflateRawSync(Buffer.alloc(3e6, 32)).toString("base64url");
  assert.equal(await fromLink("#1." + small), null);
});

test("fields are believed one by one", () => {
  const made = validated({ tab: "admin", cost: 7, route: "backprop", order: "2", play: { rate: -1, steps: 1e9, data: {} }, circuit: { at: { w: "alert(1)", b: 2, c: "1e400" }, parts: "x" }, constants: [1, 2], check: "no", __proto__: { tab: "play" } });
  assert.equal(made.tab, "derive");
  assert.equal(made.cost, "logistic");
  assert.equal(made.route, "backprop");
  assert.deepEqual(made.circuit, { parts: "none", at: { b: "2" }, steps: false });
  assert.deepEqual(made.play, fresh().play);
  assert.equal(validated({ cost: "x".repeat(70000) }).cost, "logistic");
  assert.deepEqual(validated(null), fresh());
});

test("tables are read, and what does not fit is named with its line", () => {
  assert.deepEqual(readTable("a;b\r\n1,5;2\r\n\r\n3;4"), { columns: ["a", "b"], rows: [[1.5, 2], [3, 4]] });
  assert.deepEqual(readTable('\uFEFF"x, one",y\n"1",2\n3,4').columns, ["x, one", "y"]);
  const said = (text) => {
    try {
      readTable(text);
    } catch (error) {
      return error.message;
    }
    return "read";
  };
  assert.match(said("a,b\n1,2\n3"), /line 3/);
  assert.match(said("a,b\n1,2\n3,x"), /line 3, column b .*x/);
  assert.match(said("1,2\n3,4"), /first line/);
  assert.match(said("a,b\n1,NaN\n2,3"), /no number/);
  assert.match(said("a\n1"), /one column/);
});

test("the largest eigenvalue", () => {
  assert.ok(Math.abs(largestEigenvalue([[2, 1], [1, 2]]) - 3) < 1e-12);
  assert.ok(Math.abs(largestEigenvalue([[4, 1, 2], [1, 3, 0], [2, 0, 5]]) - 6.669079088) < 1e-8);
  assert.equal(largestEigenvalue([[7]]), 7);
});

const JOB = {
  source: "export function evaluate({ n, m, w, x, y }) { let J = 0; let g = 0; for (let i = 0; i < m; i++) { const r = w * x[i] - y[i]; J += r * r / (2 * m); g += r * x[i] / m; } return { J, dJ_dw: g }; }",
  goal: "J",
  parameters: [{ name: "w", size: 1, gradient: "dJ_dw", start: [0] }],
  given: { x: Float64Array.of(1, 2), y: Float64Array.of(3, 6) },
  sizes: { m: 2 },
  rate: 0.1,
  steps: 50,
  curvature: "export function curvature({ m, w, x }) { return { score: x.map((v) => v * w), front: 1 / m, ridge: 0 }; }",
  prediction: null,
};

test("descent finds the minimum, and its bound parts what converges from what does not", async () => {
  URL.createObjectURL = (blob) => `data:text/javascript,${encodeURIComponent(blob.text)}`;
  globalThis.Blob = class { constructor([text]) { this.text = text; } };
  const run = (rate) => descend({ ...JOB, rate, steps: 400 }, new Set(["w"]));
  const good = await run(0.1);
  assert.ok(Math.abs(good.path.at(-1)[0] - 3) < 1e-9);
  assert.ok(Math.abs(good.lipschitz - 2.5) < 1e-12);
  assert.ok(Math.abs(good.bound - 0.8) < 1e-12);
  assert.ok(Math.abs((await run(0.79)).path.at(-1)[0] - 3) < 1e-2);
  assert.equal((await run(0.9)).ended, "diverged");
});

class FakeWorker {
  static made = [];
  constructor() {
    this.asked = [];
    FakeWorker.made.push(this);
    setTimeout(() => this.onmessage({ data: { ready: true } }), 1);
  }
  postMessage(request) {
    this.asked.push(JSON.parse(request));
    const { verb } = this.asked.at(-1);
    if (verb === "hang") return;
    const answer = verb === "refuse" ? { error: { reason: "no" } } : { said: this.asked.at(-1).n };
    setTimeout(() => !this.ended && this.onmessage({ data: { answer: JSON.stringify(answer) } }), 5);
  }
  terminate() {
    this.ended = true;
  }
}

test("a question that passes its limit ends the Worker; the next one is answered by a new one", async () => {
  globalThis.Worker = FakeWorker;
  const stages = [];
  const engine = new Engine("engine-worker.js", ({ stage }) => stages.push(stage));
  engine.start();
  await assert.rejects(engine.ask("hang", {}, "", 30), (error) => error instanceof Refused && /stopped/.test(error.failure.reason));
  assert.deepEqual(await engine.ask("echo", { n: 4 }), { said: 4 });
  assert.equal(engine.restarts, 1);
  assert.equal(FakeWorker.made.length, 2);
  assert.ok(FakeWorker.made[0].ended);
  assert.deepEqual(stages.slice(0, 4), ["loading", "ready", "loading", "ready"]);
});

test("a question that nobody waits for any more is given up", async () => {
  globalThis.Worker = FakeWorker;
  const engine = new Engine("engine-worker.js", () => undefined);
  engine.start();
  const old = engine.ask("hang", {}, "derive");
  await new Promise((done) => setTimeout(done, 20));
  const began = performance.now();
  const rejected = assert.rejects(old, Superseded);
  assert.deepEqual(await engine.ask("echo", { n: 1 }, "check"), { said: 1 });
  await rejected;
  assert.equal(engine.restarts, 1);
  assert.ok(performance.now() - began > 1000, "it had its time");
});

test("of the questions of one channel only the latest waits", async () => {
  globalThis.Worker = FakeWorker;
  const engine = new Engine("engine-worker.js", () => undefined);
  engine.start();
  const answers = await Promise.allSettled([1, 2, 3, 4].map((n) => engine.ask("echo", { n }, "typing")));
  assert.deepEqual(answers.map(({ status }) => status), ["rejected", "rejected", "rejected", "fulfilled"]);
  assert.ok(answers[0].reason instanceof Superseded);
  await assert.rejects(engine.ask("refuse"), Refused);
});

test("text is text, and trees bring only what is on the lists", () => {
  assert.equal(markup(h("p", { title: 'a"b' }, "<script>&")), '<p title="a&quot;b">&lt;script&gt;&amp;</p>');
  const tree = ["math", { onclick: "alert(1)", class: "x" }, ["script", "alert(1)"], ["mi", { style: "color:red", href: "javascript:1" }, "<b>"], ["use", { "xlink:href": "https://example.org/#a" }]];
  assert.equal(markup(fromTree(tree)), '<math class="x"><mi>&lt;b&gt;</mi><use></use></math>');
});
