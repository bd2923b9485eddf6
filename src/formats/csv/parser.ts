/** Takes the text of a CSV chunk by chunk, up to the first row that is broken: plain rows by itself, the others by csv-parse. */

import type { CsvError } from "csv-parse";
import { type ParsedRow, plainRows } from "./plain.js";
import { chunkBytes } from "./text.js";

export interface BrokenCell {
  /** Index of the cell. */
  cell: number;
  reason: string;
}

/** The rows that ended in a chunk, and what is wrong with the next, after which no more is taken. */
export interface Parsed {
  rows: ParsedRow[];
  /** No cell of them has a line break, or anything to decode. */
  isSimple: boolean;
  broken: BrokenCell | undefined;
}

export interface CsvParser {
  /** Takes a chunk apart, or at the end what is left. */
  parse(chunk: Buffer | undefined): Parsed | Promise<Parsed>;
}

const reasons = new Map<unknown, string>([
  ["INVALID_OPENING_QUOTE", "has a quote in a cell that does not begin with one"],
  ["CSV_INVALID_CLOSING_QUOTE", "goes on after its closing quote"],
  ["CSV_QUOTE_NOT_CLOSED", "has a quote that is never closed"],
]);

/** Every row has a line break, the last one, too; an empty line is a row of one empty cell. */
export function csvParser(delimiter: string): CsvParser {
  const separator = Buffer.from(delimiter, "utf8");
  let tail = separator.length === 1 ? "" : undefined; // undefined when csv-parse has taken over
  let library: Promise<CsvParser> | undefined;
  const parseOther = async (chunk: Buffer | undefined): Promise<Parsed> => {
    library ??= libraryParser(separator);
    return (await library).parse(chunk);
  };
  /** csv-parse takes over from here. */
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
      // A long row is not looked at again with every chunk.
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
    // Read here, where it is current: the copy of all counters that the option `info` makes for each row costs more than the parsing.
    const { bytes } = parser.info;
    if (cells) rows.push({ cells, bytes: bytes - start });
    start = bytes;
    // Makes the next row the first: for each that has another number of cells than the first, csv-parse makes an error, which nobody sees.
    Object.assign(parser.info, { records: 0 });
    return true;
  };
  parser.on("error", () => undefined); // it comes to the callbacks, too
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
