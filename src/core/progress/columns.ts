/** The columns that a text takes on a terminal. */

const graphemes = new Intl.Segmenter();
const wide = /\p{Emoji_Presentation}|\p{sc=Han}|\p{sc=Hiragana}|\p{sc=Katakana}|\p{sc=Hangul}|[\uff01-\uff60]/u;

/** Counts the columns of a text. Wide characters count as two. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const { segment } of graphemes.segment(text)) columns += widthOf(segment);
  return columns;
}

/** Cuts a text to a number of columns. No grapheme is split. */
export function cut(text: string, columns: number): string {
  const characters = Array.from(graphemes.segment(text), ({ segment }) => segment);
  let [width, fitting] = [0, 0];
  for (const [index, character] of characters.entries()) {
    width += widthOf(character);
    if (width > columns) return `${characters.slice(0, fitting).join("")}…`;
    if (width < columns) fitting = index + 1;
  }
  return text;
}

function widthOf(grapheme: string): number {
  return wide.test(grapheme) ? 2 : 1;
}
