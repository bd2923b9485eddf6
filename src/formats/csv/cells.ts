/** Cells of a table: missing values and numbers. */

/** How Excel, pandas, R and databases write that there is no value. */
const missingWords: ReadonlySet<string> = new Set(["nan", "none", "null", "na", "n/a", "<na>", "#n/a", "nat"]);

/** Whether a cell says that there is no value. Not for texts and ids, where `None` may be a word. */
export function isMissing(cell: string): boolean {
  const text = cell.trim();
  return text === "" || (text.length <= 4 && missingWords.has(text.toLowerCase()));
}

const decimal = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?$/;

/** Reads a decimal number, with a point or a comma before its fraction; NaN for everything else. */
export function decimalIn(cell: string): number {
  const text = cell.trim();
  return decimal.test(text) ? Number(text.replace(",", ".")) : Number.NaN;
}
