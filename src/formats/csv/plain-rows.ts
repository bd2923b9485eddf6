/** Parses the rows of most CSV files, several times as fast as csv-parse. */

export interface ParsedRow {
  /** One character for each byte. */
  cells: string[];
  /** Length with quotes, delimiters and line break. */
  bytes: number;
}

export interface PlainRows {
  rows: ParsedRow[];
  /** Length of these rows in the text. */
  end: number;
  /** Whether all cells are ASCII and have no line break. */
  isSimple: boolean;
  /** Whether csv-parse has to parse the next row. Otherwise the next row is incomplete, and may be plain. */
  isOther: boolean;
}

const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;

/**
 * Parses plain rows at the beginning of a text that has one character for each byte: rows ended by LF or CRLF, with cells that are quoted as a whole or
 * have no quotes. Leaves other rows (a quote within a cell, a line that ends with CR alone) to csv-parse, which finds their errors.
 */
export function plainRows(text: string, delimiter: number): PlainRows {
  const { rows, end, isOther } = rowsOf(text, delimiter);
  const isSimple = simple.test(end === text.length ? text : text.slice(0, end)) && breaksIn(text, end) === rows.length;
  return { rows, end, isOther, isSimple };
}

const simple = /^[\t\n\x20-\x7E]*$/;

function breaksIn(text: string, end: number): number {
  let breaks = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) breaks += 1;
  return breaks;
}

function rowsOf(text: string, delimiter: number): Omit<PlainRows, "isSimple"> {
  const rows: ParsedRow[] = [];
  let end = 0;
  let cells: string[] = [];
  let count = 0;
  for (let at = 0; at < text.length; ) {
    const start = at;
    let escaped = false;
    if (text.charCodeAt(at) === quote) {
      for (at = text.indexOf('"', at + 1); at >= 0 && text.charCodeAt(at + 1) === quote; ) {
        escaped = true;
        at = text.indexOf('"', at + 2);
      }
      if (at < 0) break;
      const cell = text.slice(start + 1, at);
      cells[count++] = escaped ? cell.replaceAll('""', '"') : cell;
      at += 1;
    } else {
      for (; at < text.length; at += 1) {
        const character = text.charCodeAt(at);
        if (character === delimiter || character === lineFeed || character === carriageReturn) break;
        if (character === quote) return { rows, end, isOther: true };
      }
      cells[count++] = text.slice(start, at);
    }
    let next = text.charCodeAt(at); // NaN at the end of the text
    if (next === carriageReturn && text.charCodeAt(at + 1) === lineFeed) {
      at += 1;
      next = lineFeed;
    }
    if (next === lineFeed) {
      if (cells.length > count) cells.length = count;
      rows.push({ cells, bytes: at + 1 - end });
      end = at + 1;
      cells = new Array(count); // most rows have as many cells as the row before, and push() would reserve space for 17
      count = 0;
    } else if (next !== delimiter) {
      const isCut = at >= text.length || (next === carriageReturn && at + 1 === text.length);
      return { rows, end, isOther: !isCut };
    }
    at += 1;
  }
  return { rows, end, isOther: false };
}
