// A table of numbers from a file of the reader's own.

export interface Table {
  columns: string[];
  rows: number[][];
}
export class Unfit extends Error {}

const LARGEST_ROWS = 20_000;

/** Read a table with a header; cells are numbers. What does not fit is named, with its line. */
export function readTable(text: string): Table {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const head = lines[0] ?? "";
  const mark = [",", ";", "\t"].reduce((best, one) => (head.split(one).length > head.split(best).length ? one : best), ",");
  const columns = cells(head, mark).map((cell) => cell.trim());
  if (columns.length < 2) throw new Unfit("one column is no table: a target stands beside its inputs");
  if (columns.every((name) => name !== "" && Number.isFinite(Number(name)))) throw new Unfit("the first line holds numbers only; it should name the columns");
  const rows: number[][] = [];
  lines.slice(1).forEach((line, n) => {
    if (line.trim() === "") return;
    const found = cells(line, mark);
    if (found.length !== columns.length) throw new Unfit(`line ${n + 2} has ${found.length} cells, the header ${columns.length}`);
    rows.push(found.map((cell, k) => number(cell, mark, `line ${n + 2}, column ${columns[k]}`)));
    if (rows.length > LARGEST_ROWS) throw new Unfit(`more than ${LARGEST_ROWS} rows; the command line fits large files`);
  });
  if (rows.length < 2) throw new Unfit("there are fewer than two rows");
  return { columns, rows };
}

function number(cell: string, mark: string, place: string): number {
  const trimmed = cell.trim();
  const written = mark === ";" && /^[-+]?\d*,\d+$/.test(trimmed) ? trimmed.replace(",", ".") : trimmed;
  const value = Number(written);
  if (written === "" || !Number.isFinite(value)) throw new Unfit(`${place} holds “${cell.trim().slice(0, 30)}”, which is no number`);
  return value;
}

function cells(line: string, mark: string): string[] {
  const found: string[] = [];
  let cell = "";
  let quoted = false;
  for (let k = 0; k < line.length; k++) {
    const sign = line[k]!;
    if (sign === '"') {
      if (quoted && line[k + 1] === '"') {
        cell += '"';
        k++;
      } else quoted = !quoted;
    } else if (sign === mark && !quoted) {
      found.push(cell);
      cell = "";
    } else cell += sign;
  }
  found.push(cell);
  return found;
}
