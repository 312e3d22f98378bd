// Elements as plain data. What comes from the engine passes through `fromTree`, which knows a closed list of
// tags and attributes; text is only ever text. The same data becomes elements here and markup at build time.

export type Tree = [string, ...(string | Record<string, string> | Tree)[]];
export type Child = VNode | string | null | undefined | false;
export interface VNode {
  tag: string;
  props: Record<string, string | boolean>;
  on: Record<string, (event: Event) => void>;
  kids: (VNode | string)[];
}
type Props = Record<string, string | number | boolean | null | undefined | ((event: Event) => void)>;

const MATH = new Set(
  ("math mrow mi mn mo mtext mspace mfrac msqrt msub msup msubsup munder mover munderover mtable mtr mtd mpadded" +
    " mstyle").split(" "),
);
const SVG = new Set(
  "svg g path rect circle line polyline polygon text tspan title desc defs use clipPath ellipse".split(" "),
);
const SHARED = new Set(["title"]);
const ATTRIBUTES = new Set(
  ("class data-part data-step displaystyle form stretchy separator lspace rspace width mathvariant accent" +
    " movablelimits scriptlevel xmlns height viewBox d x y x1 x2 y1 y2 cx cy r rx ry points fill id transform role" +
    " xlink:href font-size textLength lengthAdjust visibility text-anchor aria-label").split(" "),
);
const NAMESPACES: Record<string, string> = {
  math: "http://www.w3.org/1998/Math/MathML",
  svg: "http://www.w3.org/2000/svg",
  xlink: "http://www.w3.org/1999/xlink",
};

/** An element of our own. A property that is a function listens to the event of its name. */
export function h(tag: string, props: Props = {}, ...kids: (Child | Child[])[]): VNode {
  const node: VNode = { tag, props: {}, on: {}, kids: [] };
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") node.on[name] = value;
    else if (value !== null && value !== undefined && value !== false)
      node.props[name] = value === true ? true : String(value);
  }
  for (const kid of kids.flat()) {
    if (kid || kid === "") node.kids.push(kid);
  }
  return node;
}

/** A formula or a drawing of the engine's. What is not on the lists is left out. */
export function fromTree(tree: Tree): VNode {
  const [tag, ...rest] = tree;
  const node: VNode = { tag, props: {}, on: {}, kids: [] };
  for (const part of rest) {
    if (typeof part === "string") node.kids.push(part);
    else if (Array.isArray(part)) {
      if (MATH.has(part[0]) || SVG.has(part[0])) node.kids.push(fromTree(part));
    } else {
      for (const [name, value] of Object.entries(part)) {
        if (!ATTRIBUTES.has(name) || (name === "xlink:href" && !value.startsWith("#"))) continue;
        node.props[name] = value;
      }
    }
  }
  return node;
}

/** Make the element. */
export function create(node: VNode | string, inside = ""): Node {
  if (typeof node === "string") return document.createTextNode(node);
  const space = spaceOf(node.tag, inside);
  const made = space ? document.createElementNS(NAMESPACES[space]!, node.tag) : document.createElement(node.tag);
  for (const [name, value] of Object.entries(node.props)) {
    if (name === "value" && "value" in made) (made as HTMLInputElement).value = String(value);
    else if (name.startsWith("xlink:")) made.setAttributeNS(NAMESPACES.xlink!, name, String(value));
    else if (name !== "xmlns") made.setAttribute(name, value === true ? "" : String(value));
  }
  for (const [name, listener] of Object.entries(node.on)) made.addEventListener(name, listener);
  for (const kid of node.kids) made.append(create(kid, space));
  return made;
}

function spaceOf(tag: string, inside: string): string {
  if (MATH.has(tag)) return "math";
  if (SVG.has(tag) && (!SHARED.has(tag) || inside === "svg")) return "svg";
  return "";
}

/** Put elements where others were. */
export function fill(target: Element, ...nodes: (Child | Child[])[]): void {
  const made = nodes.flat().filter((node): node is VNode | string => Boolean(node));
  target.replaceChildren(...made.map((node) => create(node)));
}

const VOID = new Set("br input img hr meta link".split(" "));

/** The markup, for the page that is there before the engine is. */
export function markup(node: VNode | string): string {
  if (typeof node === "string") return escape(node);
  const props = Object.entries(node.props)
    .filter(([name]) => name !== "xmlns")
    .map(([name, value]) => (value === true ? ` ${name}` : ` ${name}="${escape(String(value))}"`));
  const open = `<${node.tag}${props.join("")}>`;
  return VOID.has(node.tag) ? open : `${open}${node.kids.map(markup).join("")}</${node.tag}>`;
}

function escape(text: string): string {
  const signs: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (sign) => signs[sign]!);
}
