/** Reads the rows of a CSV file on demand. */

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

/** Maximum bytes of a row. The limit also ends the search for a missing closing quote. */
const maxRowBytes = 25_000_000;
const tooLong = `is in a row of more than ${maxRowBytes} bytes`;

/**
 * Yields the rows of a file that have a cell with content, in one list for each chunk. Without a delimiter, finds it by the first line.
 *
 * A parser ends at the first malformed row. Then only the first line of that row is dropped, and a new parser begins at the end of the line. So a missing
 * closing quote costs one line, and not the rows after it.
 */
export async function* readRows(path: string, delimiterOption?: string): AsyncGenerator<CsvRow[]> {
  const text = openText(path);
  try {
    const { delimiter, isNamed } = delimiterOf(await text.peekLine(), delimiterOption);
    if (isNamed) await text.skipLine(); // the line break stays and counts as an empty row
    for (let line = 1; ; ) {
      const parser = csvParser(delimiter);
      let broken: BrokenCell | undefined;
      while (!broken) {
        // If the row is longer than the limit, the parser gets the end of the text, and reports the cell that has not ended.
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

/** Whether a row is an empty line, or a row of empty cells, which Excel writes below a table. `""` in a table of one column is a row. */
function isBlank(cells: readonly string[], bytes: number): boolean {
  for (const cell of cells) if (cell !== "" && !blank.test(cell)) return false;
  return cells.length > 1 || bytes <= (cells[0]?.length ?? 0) + 2;
}

const blank = /^[ \t\r\n]*$/;

/** Cells of ASCII without a line break. */
const plain = /^[\t\x20-\x7E]*$/;

function isPlainCell(cell: string): boolean {
  return plain.test(cell);
}

/** Decodes cells one by one from one character for each byte, so that an invalid cell fails only its own row. */
function decoded(line: number, cells: readonly string[]): CsvRow {
  const texts: string[] = [];
  for (const cell of cells) {
    const bytes = Buffer.from(cell, "latin1");
    if (!isUtf8(bytes))
      return {
        line,
        cell: texts.length,
        reason: "is not valid UTF-8 or UTF-16 (another encoding, or a truncated file); save the file as UTF-8",
      };
    texts.push(bytes.toString("utf8"));
  }
  return { line, cells: texts };
}

function breaksIn(cells: readonly string[]): number {
  return cells.reduce((breaks, cell) => breaks + (cell.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
}
