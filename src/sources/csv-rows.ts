/** The rows of a CSV file, read as they are asked for. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { type CsvError, parse } from "csv-parse";
import { InputError } from "../core/errors.js";

export type CsvRow = { line: number; cells: string[] } | { line: number; error: InputError };

/** Longest row, in bytes; a quote that is never closed is noticed here. */
const maxRowBytes = 25_000_000;

/** Yields each row with the line it ends on; a row that cannot be parsed is yielded as an error. */
export async function* readRows(path: string, delimiter: string): AsyncGenerator<CsvRow> {
  const broken: CsvRow[] = [];
  const parser = parse({
    delimiter,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_error: true,
    max_record_size: maxRowBytes,
    on_skip: (error) => {
      const line = Number(error?.lines ?? 0);
      // A row may be wrong in several places; it is one row all the same.
      if (error && broken.at(-1)?.line !== line) broken.push({ line, error: rowError(error) });
      return undefined;
    },
  });
  const file = await openText(path);
  file.on("error", (error) => parser.destroy(error));
  file.pipe(parser);
  try {
    for await (const record of parser as AsyncIterable<{ record: string[]; info: { lines: number } }>) {
      const { lines: line } = record.info;
      // The parser is ahead of its reader: a broken row waits for its place.
      while (broken[0] && broken[0].line < line) yield broken.shift() as CsvRow;
      yield { line, cells: record.record };
    }
    yield* broken;
  } finally {
    file.destroy();
    parser.destroy();
  }
}

function rowError(error: CsvError): InputError {
  return new InputError("ERR_CSV_ROW", `the row cannot be parsed: ${error.message}`, { cause: error });
}

/** The file as UTF-8 bytes; UTF-16 is told by its byte order mark. */
async function openText(path: string): Promise<Readable> {
  const file = await open(path);
  const start = Buffer.alloc(2);
  await file.read(start, 0, 2, 0);
  await file.close();
  const mark = start.readUInt16BE(0);
  const encoding = mark === 0xfeff ? "utf-16be" : mark === 0xfffe ? "utf-16le" : undefined;
  const stream = createReadStream(path, { highWaterMark: 256 * 1024 });
  return encoding === undefined ? stream : Readable.from(decode(stream, encoding));
}

async function* decode(stream: Readable, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield decoder.decode(chunk, { stream: true });
    yield decoder.decode();
  } finally {
    stream.destroy();
  }
}
