/** Splits: the names of folders that stand for parts of a dataset. */

const names = new Set([
  "train",
  "training",
  "val",
  "valid",
  "validation",
  "dev",
  "test",
  "testing",
  "eval",
  "evaluation",
]);

/** Whether a folder is named like a split. */
export function isSplitName(name: string): boolean {
  return names.has(name.toLowerCase());
}

/** Returns the top folder of a path if that is named like a split. */
export function splitOfPath(relative: string): string | undefined {
  const [first = "", ...rest] = relative.split("/");
  return rest.length > 0 && isSplitName(first) ? first : undefined;
}
