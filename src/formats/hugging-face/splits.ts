/** Splits of files by their names, with the keywords of Hugging Face's library. */

const keywords: readonly [split: string, names: string][] = [
  ["train", "training|train"],
  ["validation", "validation|valid|val|dev"],
  ["test", "testing|test|evaluation|eval"],
];
const patterns = keywords.map(([split, names]) => ({
  split,
  of: new RegExp(`(?:^|[-._ 0-9])(?:${names})(?:$|[-._ 0-9])`),
}));
/** A file that the library wrote in parts: `extra-00000-of-00004.parquet`. */
const shard = /^(.+)-\d{5}-of-\d{5,}\b/;

/** Returns the split of a file: by the name of a shard, else by its folders, else by its own name. Undefined without such a name. */
export function splitOfPath(path: string): string | undefined {
  const folders = path.split("/");
  const name = folders.pop() ?? "";
  const [, ofShard] = shard.exec(name) ?? [];
  if (ofShard !== undefined) return splitOfName(ofShard) ?? ofShard;
  for (const folder of folders) {
    const split = splitOfName(folder);
    if (split !== undefined) return split;
  }
  return splitOfName(name);
}

/** Returns the split that a name stands for: `val` is validation. */
export function splitOfName(name: string): string | undefined {
  return patterns.find(({ of }) => of.test(name))?.split;
}
