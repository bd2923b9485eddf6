/** Makes texts comparable: search and order ignore case, accents of letters, and the form in which Unicode writes them. */

/** Characters of a text that are searched. */
export const maxSearchedLength = 2000;
const maxNameLength = 120;

/** Returns a text in which equal letters are equal characters. Halves of surrogate pairs and control characters are replaced. */
export function fold(text: string): string {
  return (
    text
      .toWellFormed()
      .normalize("NFKD")
      .replace(/[\u0300-\u036f]/g, "")
      // Some letters have one upper-case form and two lower-case forms, or the reverse: ß and ss, σ and ς.
      .toUpperCase()
      .toLowerCase()
      .replaceAll("ς", "σ")
      .replace(/\p{Cc}/gu, " ")
  );
}

/** Returns the key that sorts names: numbers in it sort by their value. */
export function nameKey(name: string): string {
  return fold(name.slice(0, maxNameLength)).replace(/\d+/g, (digits) => {
    const number = digits.replace(/^0+(?=\d)/, "");
    return `${String(number.length).padStart(2, "0")}${number}`;
  });
}

/** Returns the words of a search. */
export function wordsOf(search: string): string[] {
  return [...new Set(fold(search).split(/\s+/u).filter(Boolean))];
}
