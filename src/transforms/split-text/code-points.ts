/** Positions in a text by code points. A JavaScript string counts a character beyond U+FFFF twice. */

/** Returns the index that lies `count` code points behind `from`, or the end of the text. */
export function indexAfter(text: string, from: number, count: number): number {
  let index = from;
  for (let left = count; left > 0 && index < text.length; left -= 1) index += isHighAt(text, index) ? 2 : 1;
  return index;
}

/** Returns the index that lies `count` code points before `from`, but not before `least`. */
export function indexBefore(text: string, from: number, count: number, least: number): number {
  let index = from;
  for (let left = count; left > 0 && index > least; left -= 1) index -= index > 1 && isHighAt(text, index - 2) ? 2 : 1;
  return index;
}

/** Counts the code points between two indexes. */
export function pointsBetween(text: string, from: number, to: number): number {
  let count = to - from;
  for (let index = from; index < to; index += 1) if (isHighAt(text, index)) count -= 1;
  return count;
}

/** Whether a pair of surrogates begins at an index. The texts of inputs have no half pairs. */
function isHighAt(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800;
}
