/** The rows of a CSV file, read as they are asked for. */

import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

export type CsvRow =
  | {
      /** The line that the row begins on, from 1. */
      line: number;
      cells: string[];
    }
  | {
      line: number;
      /** Index of the cell that is broken. */
      cell: number;
      reason: string;
    };

/** Longest row, in bytes; a quote that is never closed is noticed here at the latest. */
const maxRowBytes = 25_000_000;
const chunkBytes = 256 * 1024;

/** A row of a text, what is wrong with it, or undefined when the text ends before the row does. */
type Parsed = { cells: string[]; next: number } | { cell: number; reason: string } | undefined;

/**
 * Yields each row that is not empty. Of a row that is broken only its first line is given up: reading goes on at the next line, so that a
 * quote which is never closed does not take the rows after it along.
 */
export async function* readRows(path: string, delimiter: string): AsyncGenerator<CsvRow> {
  const chunks = await openText(path);
  const between = Buffer.from(delimiter, "utf8").toString("latin1");
  let text = "";
  let at = 0;
  let line = 1;
  let ended = false;
  const readMore = async () => {
    const wanted = (text.length - at) * 2; // so that a long row is looked at a few times and not once for each chunk
    text = text.slice(at);
    at = 0;
    do {
      const next = await chunks.next();
      if (next.done) ended = true;
      else text += next.value;
    } while (!ended && text.length < wanted);
  };
  try {
    for (;;) {
      if (at >= text.length) {
        if (ended) return;
        await readMore();
        continue;
      }
      const tooLong = text.length - at > maxRowBytes;
      const row = parseRow(text, at, between, ended);
      if (row && "cells" in row && row.next - at <= maxRowBytes) {
        const first = row.cells[0];
        const cells = row.cells.map(decoded);
        const undecodable = cells.indexOf(undefined);
        if (undecodable >= 0) yield { line, cell: undecodable, reason: "is not UTF-8" };
        else if (cells.length > 1 || first !== "" || text[at] === '"') yield { line, cells: cells as string[] };
        line += breaksIn(text.slice(at, row.next));
        at = row.next;
        continue;
      }
      if (!row && !tooLong) {
        await readMore();
        continue;
      }
      yield {
        line,
        ...(row && "reason" in row ? row : { cell: 0, reason: `has a row of ${maxRowBytes} bytes or more` }),
      };
      let end = endOfLine(text, at, ended);
      while (end < 0) {
        at = text.length;
        await readMore();
        end = endOfLine(text, 0, ended);
      }
      line += 1;
      at = end;
    }
  } finally {
    await chunks.return(undefined);
  }
}

function parseRow(text: string, start: number, delimiter: string, ended: boolean): Parsed {
  const cells: string[] = [];
  for (let at = start; ; ) {
    let cell = "";
    if (text[at] === '"') {
      for (let from = at + 1; ; from = at + 1) {
        const quote = text.indexOf('"', from);
        if (quote < 0) return ended ? { cell: cells.length, reason: "has a quote that is never closed" } : undefined;
        if (quote + 1 === text.length && !ended) return undefined;
        cell += text.slice(from, quote);
        at = quote + 1;
        if (text[at] !== '"') break;
        cell += '"';
      }
    } else {
      const end = endOfCell(text, at, delimiter);
      if (text[end] === '"')
        return { cell: cells.length, reason: "has a quote in a cell that does not begin with one" };
      cell = text.slice(at, end);
      at = end;
    }
    if (text.length - at < Math.max(2, delimiter.length) && !ended) return undefined;
    cells.push(cell);
    const width = breakAt(text, at);
    if (width > 0 || at === text.length) return { cells, next: at + width };
    if (!text.startsWith(delimiter, at)) return { cell: cells.length - 1, reason: "goes on after its closing quote" };
    at += delimiter.length;
  }
}

/** Where a cell without quotes ends: at a delimiter, a line break, a quote, or the end of the text. */
function endOfCell(text: string, start: number, delimiter: string): number {
  const first = delimiter.charCodeAt(0);
  for (let at = start; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 10 || code === 13 || code === 34) return at;
    if (code === first && text.startsWith(delimiter, at)) return at;
  }
  return text.length;
}

/** Length of the line break at a place: 0, 1 or 2. */
function breakAt(text: string, at: number): number {
  if (text[at] === "\n") return 1;
  if (text[at] !== "\r") return 0;
  return text[at + 1] === "\n" ? 2 : 1;
}

/** Where the next line begins; -1 when the text does not reach that far. */
function endOfLine(text: string, start: number, ended: boolean): number {
  const found = /[\r\n]/.exec(start === 0 ? text : text.slice(start));
  if (!found) return ended ? text.length : -1;
  const at = start + found.index;
  return at + 1 === text.length && !ended ? -1 : at + breakAt(text, at);
}

function breaksIn(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** Rows are taken apart as bytes, one character for each; the cells are decoded one by one, so that a broken one fails alone. */
function decoded(cell: string): string | undefined {
  if (!/[^\x00-\x7F]/.test(cell)) return cell;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(cell, "latin1"));
  } catch {
    return undefined;
  }
}

/** The file as UTF-8, one character for each byte. UTF-16 is told by its byte order mark, or by the zero in its first character. */
async function openText(path: string): Promise<AsyncGenerator<string>> {
  const file = await open(path);
  const start = Buffer.alloc(3);
  try {
    await file.read(start, 0, 3, 0);
  } finally {
    await file.close();
  }
  const [first = 0, second = 0] = start;
  if ((first === 0xff && second === 0xfe) || (first > 0 && second === 0)) return readUtf16(path, "utf-16le");
  if ((first === 0xfe && second === 0xff) || (first === 0 && second > 0)) return readUtf16(path, "utf-16be");
  return readUtf8(path, start.equals(Buffer.from("\uFEFF")) ? 3 : 0);
}

async function* readUtf8(path: string, start: number): AsyncGenerator<string> {
  const stream = createReadStream(path, { start, highWaterMark: chunkBytes });
  for await (const chunk of stream as AsyncIterable<Buffer>) yield chunk.toString("latin1");
}

async function* readUtf16(path: string, encoding: string): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding);
  const asBytes = (text: string) => Buffer.from(text, "utf8").toString("latin1");
  const stream = createReadStream(path, { highWaterMark: chunkBytes });
  for await (const chunk of stream as AsyncIterable<Buffer>) yield asBytes(decoder.decode(chunk, { stream: true }));
  yield asBytes(decoder.decode());
}
