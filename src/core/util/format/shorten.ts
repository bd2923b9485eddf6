/** Shortens texts that may be very long. */

/**
 * Returns a text of at most `maxLength` characters as it is, and of a longer one the beginning and an ellipsis. Never cuts a surrogate pair.
 *
 * The beginning is a copy, since a slice would keep the whole text in memory.
 */
export function shorten(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  const isHalf = last >= 0xd800 && last <= 0xdbff;
  return `${Buffer.from(text.slice(0, isHalf ? maxLength - 1 : maxLength)).toString()}…`;
}
