/** Splits texts into words for the search. The site runs this function in the browser, so it uses nothing outside of itself. */

/** Returns words, and the parts of names: `nearDuplicates` is found by "duplicates", too, and `ERR_OPTIONS` by "options". */
export function searchTokens(text: string): string[] {
  const words = text.split(/[^\p{L}\p{M}\p{N}_]+/u).filter((word) => word !== "");
  const parts = words.flatMap((word) => word.split(/_|(?<=[a-z0-9])(?=[A-Z])/).slice(1));
  return [...words, ...parts];
}
