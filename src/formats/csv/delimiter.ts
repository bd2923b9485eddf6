/** Finds the delimiter of a CSV file by its first line. */

/** The first line that Excel writes and reads: `sep=;`. */
const sepLine = /^"?sep=(.)"?$/i;

/** What separates columns, the usual one first. */
const known = [",", ";", "\t", "|"] as const;

/**
 * Returns the delimiter and whether the first line only names it. A line `sep=;` is obeyed; otherwise the line is a header, and another delimiter than
 * the comma is found only where the header has no comma. `given` wins over both.
 */
export function delimiterOf(firstLine: string, given: string | undefined): { delimiter: string; isNamed: boolean } {
  const named = sepLine.exec(firstLine)?.[1];
  if (named !== undefined) return { delimiter: given ?? named, isNamed: true };
  if (given !== undefined) return { delimiter: given, isNamed: false };
  const unquoted = firstLine.replace(/"[^"]*"/g, "");
  const counts = known.map((delimiter) => unquoted.split(delimiter).length - 1);
  const [commas = 0] = counts;
  const most = Math.max(...counts);
  const delimiter = commas > 0 || most === 0 ? "," : (known[counts.indexOf(most)] ?? ",");
  return { delimiter, isNamed: false };
}
