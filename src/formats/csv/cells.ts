/** Cells of a table: missing values and numbers. */

/** Words of Excel, pandas, R and databases for a missing value. */
const missingWords: ReadonlySet<string> = new Set(["nan", "none", "null", "na", "n/a", "<na>", "#n/a", "nat"]);

/** Whether a cell stands for a missing value. Not for texts and ids, which may be the word `None`. */
export function isMissing(cell: string): boolean {
  const text = cell.trim();
  return text === "" || (text.length <= 4 && missingWords.has(text.toLowerCase()));
}

const decimal = /^[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d+)?$/;

/** Reads a decimal number, with a point or a comma before its fraction; returns NaN for everything else. */
export function decimalIn(cell: string): number {
  const text = cell.trim();
  return decimal.test(text) ? Number(text.replace(",", ".")) : Number.NaN;
}
