// Files in one piece: four bytes with the length of an index, the index as JSON (name and size of each file),
// then the files. Written by pack.py.

interface Files {
  mkdirTree(path: string): void;
  writeFile(path: string, content: Uint8Array): void;
}

export const PLACE = "/lib/whygrad";

export function unpack(files: Files, content: Uint8Array): void {
  const length = new DataView(content.buffer, content.byteOffset).getUint32(0, true);
  const index = JSON.parse(new TextDecoder().decode(content.subarray(4, 4 + length))) as [string, number][];
  const folders = new Set<string>();
  let at = 4 + length;
  for (const [name, size] of index) {
    const path = `${PLACE}/${name}`;
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!folders.has(folder)) files.mkdirTree(folder);
    folders.add(folder);
    files.writeFile(path, content.subarray(at, at + size));
    at += size;
  }
}
