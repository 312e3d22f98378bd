// What the engine answers. The words are its own; see src/whygrad/page/view.py and src/whygrad/worker.py.

import type { Tree } from "./nodes.ts";

export type Inline = (string | { code: string } | { math: Tree })[];

export interface Row {
  label: string;
  id: string;
  relation: string;
  reason: Inline;
  left?: Tree;
  lines?: Tree[];
  part?: string;
  note?: boolean;
  details?: Row[];
  rule?: string;
  page?: string;
  raw?: string;
  verdict?: string;
  evidence?: string;
}

export type Block =
  | { kind: "heading"; level: number; text: Inline; aside: Inline }
  | { kind: "sentence"; parts: Inline }
  | { kind: "formula"; lines: Tree[] }
  | { kind: "rows"; id: string; title: Inline; rows: Row[] }
  | { kind: "callout"; callout: string; title: string; parts: Inline }
  | { kind: "table"; header: Inline[]; rows: Inline[][] }
  | { kind: "code"; text: string; language: string };

export interface View {
  title: string;
  blocks: Block[];
}

export interface Failure {
  id: string;
  title: string;
  reason: string;
  fix: string;
  text: string;
  source?: string;
  span?: [number, number];
}

export interface Input {
  name: string;
  kind: "data" | "param" | "const";
  dims: string[];
  values: number[];
  low: number | null;
  high: number | null;
  open: boolean;
  integer: boolean;
  fixed: boolean;
  value: number | null;
}

export interface CostInfo {
  name: string;
  title: string;
  source: string;
  parameters: string[];
  constants: Input[];
  notes: string[];
}

export interface Result {
  name: string;
  left: Tree;
  lines: Tree[];
  matrix_left?: Tree;
  matrix?: Tree[];
  shapes?: string;
}

export interface Derived {
  document: View;
  cost: CostInfo;
  results: Result[];
}

export interface CheckedLine {
  text: string;
  verdict: string;
  reason: Inline;
  kind: string;
  evidence: string;
  spans: [number, number][];
  start: number;
  lines?: Tree[];
}

export interface Checked {
  summary: string;
  notes: Block[];
  lines: CheckedLine[];
  status: number;
  first_wrong: number | null;
  mistake: string;
  said: Block[];
  why: Block[];
  correction: Block[];
  readings: string[];
  settles: string[];
}

export interface Part {
  math: Tree;
  text: string;
  latex: string;
  by: string[];
  inside: { name: string; math: Tree }[];
  definition?: Tree;
  document?: View;
}

export interface Drawn {
  svg: Tree;
  nodes: { name: string; value: string; gradient: string; kind: string }[];
  inputs: Input[];
  results: { left: string; math: Tree; number: string }[];
  title: string;
}

export interface Named {
  name: string;
  dims: string[];
  values: number[];
  onehot: boolean;
  positive: boolean;
}

export interface Program {
  source: string;
  goal: string;
  rows: string;
  features: Named;
  target: Named | null;
  parameters: (Named & { gradient: string })[];
  constants: Named[];
  linear: boolean;
  prediction: { source: string; name: string; text: string; needs_target: boolean; squashed: boolean } | null;
  rate: { why: string } | { source: string; evidence: string; convex: boolean };
}
