/** Parses the text of a CSV chunk by chunk, up to the first malformed row: plain rows itself, the others with csv-parse. */

import type { CsvError } from "csv-parse";
import { type ParsedRow, plainRows } from "./plain-rows.js";
import { chunkBytes } from "./text.js";

export interface BrokenCell {
  /** Index of the cell. */
  cell: number;
  reason: string;
}

/** The rows that ended in a chunk. If the next row is malformed, `broken` says why, and the parser accepts no more text. */
export interface Parsed {
  rows: ParsedRow[];
  /** Whether all cells are ASCII and have no line break. */
  isSimple: boolean;
  broken: BrokenCell | undefined;
}

export interface CsvParser {
  /** Parses a chunk; without a chunk, parses the rest at the end of the text. */
  parse(chunk: Buffer | undefined): Parsed | Promise<Parsed>;
}

const reasons = new Map<unknown, string>([
  ["INVALID_OPENING_QUOTE", "has a quote in a cell that does not begin with one"],
  ["CSV_INVALID_CLOSING_QUOTE", "has text after its closing quote"],
  ["CSV_QUOTE_NOT_CLOSED", "has a quote that is never closed"],
]);

/** Makes a parser. An empty line is a row of one empty cell. */
export function csvParser(delimiter: string): CsvParser {
  const separator = Buffer.from(delimiter, "utf8");
  let tail = separator.length === 1 ? "" : undefined; // undefined once csv-parse reads the rows
  let library: Promise<CsvParser> | undefined;
  const parseOther = async (chunk: Buffer | undefined): Promise<Parsed> => {
    library ??= libraryParser(separator);
    return (await library).parse(chunk);
  };
  /** Parses the rest of the text with csv-parse. */
  const handOver = async (rows: readonly ParsedRow[], rest: Buffer, isLast: boolean): Promise<Parsed> => {
    let { rows: more, broken } = await parseOther(rest);
    if (isLast && !broken) {
      const last = await parseOther(undefined);
      more = more.concat(last.rows);
      broken = last.broken;
    }
    return { rows: rows.concat(more), isSimple: false, broken };
  };
  return {
    parse(chunk) {
      if (tail === undefined) return parseOther(chunk);
      const text = tail + (chunk ? chunk.toString("latin1") : "\n");
      const { rows, end, isSimple, isOther } = plainRows(text, separator[0] as number);
      tail = text.slice(end);
      // A row that is longer than a chunk goes to csv-parse, which does not parse its beginning again with each chunk.
      if (chunk ? !isOther && tail.length <= chunkBytes : tail === "") return { rows, isSimple, broken: undefined };
      const rest = Buffer.from(chunk ? tail : tail.slice(0, -1), "latin1");
      tail = undefined;
      return handOver(rows, rest, chunk === undefined);
    },
  };
}

async function libraryParser(delimiter: Buffer): Promise<CsvParser> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter,
    encoding: "latin1",
    record_delimiter: ["\r\n", "\n", "\r"],
    relax_column_count: true,
  });
  let rows: ParsedRow[] = [];
  let start = 0;
  parser.push = (cells: string[] | null) => {
    // The counter is current here. The option `info` would copy all counters for each row, which takes longer than the parsing.
    const { bytes } = parser.info;
    if (cells) rows.push({ cells, bytes: bytes - start });
    start = bytes;
    // Each row counts as the first one. Otherwise csv-parse would create an unused error for each row with another number of cells.
    Object.assign(parser.info, { records: 0 });
    return true;
  };
  parser.on("error", () => undefined); // the callbacks below also receive the error
  return {
    async parse(chunk) {
      const error = await new Promise<Error | null | undefined>((resolve) => {
        const done = (failure?: Error | null) => resolve(failure);
        if (chunk) parser.write(chunk, done);
        else parser.end("\n", done);
      });
      const parsed = { rows, isSimple: false, broken: error ? brokenBy(error) : undefined };
      rows = [];
      return parsed;
    },
  };
}

function brokenBy(error: Error): BrokenCell {
  const { code, column } = error as CsvError;
  const reason = reasons.get(code);
  if (reason === undefined) throw error;
  return { cell: Number(column), reason };
}
