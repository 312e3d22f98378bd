// Writes src/whygrad/show/tex_glyphs.json: the outlines and measures of the letters that drawings are set in.
//
// The outlines are those of MathJax's TeX font (npm package mathjax-full 3.2.2, Apache-2.0). Renew them with
//
//     npm pack mathjax-full@3.2.2 && tar xzf mathjax-full-3.2.2.tgz
//     node tools/tex_glyphs.mjs package src/whygrad/show/tex_glyphs.json
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { resolve } from "node:path";

const [root, out] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const font = (file, name) => require(resolve(root, "js/output/svg/fonts/tex", file))[name];

const range = (a, b) => Array.from({ length: b - a + 1 }, (_, k) => a + k);
const points = (text) => Array.from(text, (c) => c.codePointAt(0));
const LATIN = [...range(0x41, 0x5a), ...range(0x61, 0x7a)];
const GREEK = [...range(0x391, 0x3a9), ...range(0x3b1, 0x3c9), ...points("ϑϕϖϱϵ")];
const SIGNS = points("−·×÷±∓⋅∂∇∈∉≠≤≥≈≡∞∑∏√⊙⊕⊗⊘∘⊤′‖∣∥⌊⌋⌈⌉→←↑↓⇒⇐…⋯ℓ¯ˆ˜⟨⟩∼∝∀∧∨¬⋆•†‘’“”–—");
const BRACKETS = points("()[]{}|‖∣∥⌊⌋⌈⌉√⟨⟩∑∏");
const slanted = (c) => {
  if (c === 0x68) return 0x210e;
  if (c >= 0x3b1 && c <= 0x3c9) return c - 0x3b1 + 0x1d6fc;
  const odd = "∂ϵϑϰϕϱϖ".indexOf(String.fromCodePoint(c));
  if (odd >= 0) return 0x1d715 + odd;
  return c >= 0x61 && c <= 0x7a ? c - 0x61 + 0x1d44e : c >= 0x41 && c <= 0x5a ? c - 0x41 + 0x1d434 : c;
};
const bold = (c) =>
  c < 0x41 ? c - 0x30 + 0x1d7ce : c < 0x61 ? c - 0x41 + 0x1d400 : c - 0x61 + 0x1d41a;
const SETS = {
  normal: ["normal.js", "normal", [...range(0x20, 0x7e), ...GREEK, ...SIGNS]],
  // Unicode has slanted and bold letters of their own; here they stand under the plain ones.
  italic: ["normal.js", "normal", [...LATIN, ...range(0x3b1, 0x3c9), ...points("∂ϵϑϕϱϖℓ")], slanted],
  bold: ["normal.js", "normal", [...range(0x30, 0x39), ...LATIN], bold],
  size1: ["smallop.js", "smallop", BRACKETS],
  size2: ["largeop.js", "largeop", BRACKETS],
  size3: ["tex-size3.js", "texSize3", BRACKETS],
  size4: ["tex-size4.js", "texSize4", BRACKETS],
};

const glyphs = {};
for (const [name, [file, exported, wanted, place = (c) => c]] of Object.entries(SETS)) {
  const table = font(file, exported);
  glyphs[name] = {};
  for (const point of wanted) {
    const found = table[place(point)];
    if (found === undefined) continue;
    const [height, depth, width, more] = found;
    if (more?.p === undefined && point !== 0x20) continue;
    const path = more?.p ? `M${more.p}Z` : "";
    const whole = (x) => Math.round(1000 * x);
    glyphs[name][String.fromCodePoint(point)] = [whole(width), whole(height), whole(depth), path];
  }
}
const lines = Object.entries(glyphs).map(([name, table]) => {
  const rows = Object.entries(table).map(([c, row]) => `${JSON.stringify(c)}:${JSON.stringify(row)}`);
  return `${JSON.stringify(name)}:{\n${rows.join(",\n")}}`;
});
writeFileSync(out, `{${lines.join(",\n")}}\n`);
