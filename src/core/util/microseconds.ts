/** Times in microseconds, the unit of the times that platforms write. */

const time = /^(.*?)(?:\.(\d+))?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * Reads a time such as `2026-03-01T10:00:00.123456Z` as microseconds since 1970; further digits are cut off. Returns undefined for another text.
 * Dates of JavaScript end at milliseconds, in which a server changes many inputs.
 */
export function microsecondsOf(text: string | undefined): number | undefined {
  const [, whole, fraction = "", zone] = time.exec(text ?? "") ?? [];
  if (whole === undefined || zone === undefined) return undefined;
  const milliseconds = Date.parse(`${whole}${zone}`);
  return Number.isNaN(milliseconds) ? undefined : milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, "0"));
}

/** Writes microseconds since 1970 as a time: `2026-03-01T10:00:00.123456Z`. */
export function timeOf(microseconds: number): string {
  const seconds = Math.floor(microseconds / 1_000_000);
  const fraction = String(microseconds - seconds * 1_000_000).padStart(6, "0");
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${fraction}Z`;
}
