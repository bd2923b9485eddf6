/** The beginning of a text that may be very long. */

/** The text, or its beginning as a copy: a mere slice would keep the whole in memory. */
export function beginningOf(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${Buffer.from(text.slice(0, maxLength)).toString()}…`;
}
