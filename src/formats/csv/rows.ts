/** The rows of a CSV file, read as they are asked for. */

import { isUtf8 } from "node:buffer";
import { delimiterOf } from "./delimiter.js";
import { type BrokenCell, csvParser } from "./parser.js";
import { chunkBytes, openText } from "./text.js";

export type CsvRow =
  | {
      /** The line that the row begins on, from 1. */
      line: number;
      cells: string[];
    }
  | (BrokenCell & { line: number });

/** Longest row; a quote that is never closed is noticed here at the latest. */
const maxRowBytes = 25_000_000;
const tooLong = `is in a row of more than ${maxRowBytes} bytes`;

/**
 * Yields the rows of a file that have a cell with content, the rows of one chunk together. The delimiter, where none is given, is found by the first line.
 *
 * A parser goes as far as the first broken row. Only the first line of that row is dropped: a new parser begins where the line ends, so that a quote
 * which is never closed costs one line and not the rows after it.
 */
export async function* readRows(path: string, givenDelimiter?: string): AsyncGenerator<CsvRow[]> {
  const text = openText(path);
  try {
    const { delimiter, isNamed } = delimiterOf(await text.peekLine(), givenDelimiter);
    if (isNamed) await text.skipLine(); // its line break stays, as an empty row
    for (let line = 1; ; ) {
      const parser = csvParser(delimiter);
      let broken: BrokenCell | undefined;
      while (!broken) {
        // When a row has not ended by now, the parser is told that the text is over, and says which cell it is in.
        const isTooLong = text.heldBytes() > maxRowBytes + chunkBytes;
        const chunk = isTooLong ? undefined : await text.next();
        const step = parser.parse(chunk);
        const parsed = step instanceof Promise ? await step : step;
        broken = isTooLong ? { cell: parsed.broken?.cell ?? 0, reason: tooLong } : parsed.broken;
        const rows: CsvRow[] = [];
        for (const { cells, bytes } of parsed.rows) {
          if (bytes > maxRowBytes) {
            broken = { cell: 0, reason: tooLong };
            break;
          }
          const isPlain = parsed.isSimple || cells.every(isPlainCell);
          if (!isBlank(cells, bytes)) rows.push(isPlain ? { line, cells } : decoded(line, cells));
          line += isPlain ? 1 : 1 + breaksIn(cells);
          text.release(bytes);
        }
        if (rows.length > 0) yield rows;
        if (!chunk && !broken) return;
      }
      yield [{ line, ...broken }];
      await text.skipLine();
    }
  } finally {
    await text.close();
  }
}

/** An empty line, and a row of empty cells as Excel writes below a table. `""` in a table of one column is a row. */
function isBlank(cells: readonly string[], bytes: number): boolean {
  for (const cell of cells) if (cell !== "" && !blank.test(cell)) return false;
  return cells.length > 1 || bytes <= (cells[0]?.length ?? 0) + 2;
}

const blank = /^[ \t\r\n]*$/;

/** What cells are made of that have no line break in them, and nothing to decode. */
const plain = /^[\t\x20-\x7E]*$/;

function isPlainCell(cell: string): boolean {
  return plain.test(cell);
}

/** Cells come as bytes, one character for each, and are decoded one by one, so that a broken one fails alone. */
function decoded(line: number, cells: readonly string[]): CsvRow {
  const texts: string[] = [];
  for (const cell of cells) {
    const bytes = Buffer.from(cell, "latin1");
    if (!isUtf8(bytes))
      return {
        line,
        cell: texts.length,
        reason: "is not valid UTF-8 or UTF-16 (another encoding, or cut short): save the file as UTF-8",
      };
    texts.push(bytes.toString("utf8"));
  }
  return { line, cells: texts };
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((breaks, cell) => breaks + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}
