/** Finds the delimiter of a CSV file by its first line. */

/** The first line that Excel writes and reads: `sep=;`. */
const sepLine = /^"?sep=(.)"?$/i;

/** Known delimiters, the most frequent first. */
const known = [",", ";", "\t", "|"] as const;

/**
 * Returns the delimiter, and whether the first line only names it (`sep=;`). Otherwise the first line is a header: its delimiter is the comma, or, if it has
 * no comma, the most frequent of the others. The user's `option` overrides both.
 */
export function delimiterOf(firstLine: string, option: string | undefined): { delimiter: string; isNamed: boolean } {
  const named = sepLine.exec(firstLine)?.[1];
  if (named !== undefined) return { delimiter: option ?? named, isNamed: true };
  if (option !== undefined) return { delimiter: option, isNamed: false };
  const unquoted = firstLine.replace(/"[^"]*"/g, "");
  const counts = known.map((delimiter) => unquoted.split(delimiter).length - 1);
  const [commas = 0] = counts;
  const most = Math.max(...counts);
  const delimiter = commas > 0 || most === 0 ? "," : (known[counts.indexOf(most)] ?? ",");
  return { delimiter, isNamed: false };
}
