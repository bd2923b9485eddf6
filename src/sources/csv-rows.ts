/** The rows of a CSV file, read as they are asked for. */

import { isUtf8 } from "node:buffer";
import { type BrokenCell, csvParser } from "./csv-parser.js";
import { chunkBytes, openText } from "./csv-text.js";

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
 * Yields the rows that are not empty, those of a chunk together. A parser goes as far as a row that is broken. Of this only the first line is given up: a new parser begins where
 * the line ends, so that a quote which is never closed does not take the rows after it along.
 */
export async function* readRows(path: string, delimiter: string): AsyncGenerator<CsvRow[]> {
  const text = await openText(path);
  try {
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
          const isEmpty = cells.length === 1 && cells[0] === "" && bytes <= 2; // without quotes: a line break only
          if (!isEmpty) rows.push(isPlain ? { line, cells } : decoded(line, cells));
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
      return { line, cell: texts.length, reason: "is not UTF-8 (nor UTF-16): save the file as UTF-8" };
    texts.push(bytes.toString("utf8"));
  }
  return { line, cells: texts };
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((breaks, cell) => breaks + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}
