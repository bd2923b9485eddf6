/** csv-parse, given a text chunk by chunk, up to the first row that is broken. */

import type { CsvError } from "csv-parse";

export interface ParsedRow {
  /** One character for each byte. */
  cells: string[];
  /** Length with quotes, delimiters and line break. */
  bytes: number;
}

export interface BrokenCell {
  /** Index of the cell. */
  cell: number;
  reason: string;
}

export interface CsvParser {
  /** Takes a chunk apart, or at the end what is left: the rows that end there, and what is wrong with the next, after which it takes no more. */
  parse(chunk: Buffer | undefined): Promise<{ rows: ParsedRow[]; broken: BrokenCell | undefined }>;
}

const reasons = new Map<unknown, string>([
  ["INVALID_OPENING_QUOTE", "has a quote in a cell that does not begin with one"],
  ["CSV_INVALID_CLOSING_QUOTE", "goes on after its closing quote"],
  ["CSV_QUOTE_NOT_CLOSED", "has a quote that is never closed"],
]);

/** Every row has a line break, the last one, too; an empty line is a row of one empty cell. */
export async function csvParser(delimiter: string): Promise<CsvParser> {
  const { parse } = await import("csv-parse");
  const parser = parse({
    delimiter: Buffer.from(delimiter, "utf8"),
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
      const parsed = { rows, broken: error ? brokenBy(error) : undefined };
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
