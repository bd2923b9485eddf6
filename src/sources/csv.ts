/** Source: a CSV file, one input a row. */

import { dirname } from "node:path";
import * as z from "zod";
import { describeError, describeThrown, InputError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { kinds } from "../core/input/kinds.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { idsOption } from "../core/plugin/row-ids.js";
import type { SourceItem } from "../core/plugin/source.js";
import { shorten } from "../core/util/shorten.js";
import { isThenable } from "../core/util/thenable.js";
import { cellsUnder } from "../formats/csv/cells-under.js";
import { type Layout, layoutOf } from "../formats/csv/columns.js";
import { csvIds, type GiveId } from "../formats/csv/ids.js";
import { type CsvRow, readRows } from "../formats/csv/rows.js";

type Mapped = InputDraft | null | undefined;
/** Makes an input of a row, whose cells are texts by the names of their columns; nothing passes the row over. */
export type CsvMap = (row: Record<string, string>, context: { line: number }) => Mapped | Promise<Mapped>;

const Options = z.strictObject({
  /** What the column `input` holds: raw text, a URL, or the path of a file relative to the CSV's folder. Default: "text". */
  input: z.enum(["text", "url", "file"]).default("text"),
  /** Kind of the URLs. Default: by the extension. */
  kind: z.enum(kinds).optional(),
  /** Makes an input of a row of any shape, at once or as a promise; null skips the row. The row is frozen. Instead of the known columns. */
  map: z.custom<CsvMap>((value) => typeof value === "function").optional(),
  /**
   * What separates cells. Default: what a first line such as `sep=;` says; else ",", or one of ";", tab and "|" where the header has no comma but
   * one of them.
   */
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, "a quote or a line break separates nothing")
    .optional(),
  /** Folder that paths are relative to and may not leave. Default: the folder of the CSV. */
  root: z.string().min(1).optional(),
  /**
   * What ids are made of: the name of a column, of several, or a function of the row. One cell that is a possible id is the id. Default: the column
   * `inputid` (or `input.id`) where it has a value, else a hash of what stands in the row and of its occurrence among equal rows.
   */
  ids: idsOption<Record<string, string>>().optional(),
});
/** Options of `csv`. */
export type CsvOptions = OptionsOf<typeof Options>;

/**
 * Reads a CSV file with a header, row by row. Two sets of columns are known: `inputid, input, concepts, metadata, geopoints` (labels with commas
 * between them, a JSON object, `longitude,latitude`), and the portal's template (`input.id`, `input.data.image.url`, `input.data.text.raw`,
 * `input.data.concepts[0].id`, `input.metadata`, …). `map` takes any other.
 *
 * UTF-8 and UTF-16 with or without a byte order mark, quoted cells with commas and line breaks, CRLF; rows up to 25 MB; `path` may be a pipe. Rows and
 * columns without any content are ignored, as spreadsheets write them beside and below a table. Concepts may also be a list and metadata an object in
 * the notation of Python; `nan`, `None`, `null` and `N/A` mean no concepts, metadata or location. Every row stands alone: a broken row, or one with a
 * cell that cannot be used or kept exactly (an integer beyond 2^53), fails with its line, column and value, and reading goes on at the next line. The origin
 * is the file and the line that the row begins on. Ids depend on neither: rows above may be added, and the path may be typed in another way. The file is
 * closed at the end and on an early stop.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE; ERR_CSV_COLUMNS when the header has columns that are not known
 * @example await flow(csv("./reviews.csv")).pipe(batch(), upload(app)).run();
 */
export const csv = defineSource({
  name: "csv",
  parse(path: string, options: CsvOptions = {}) {
    checkPath("csv", path);
    return { path, ...parseOptions("csv", Options, options) };
  },
  async *read({ path, ...options }, { signal }) {
    const root = options.root ?? dirname(path);
    const namesFiles = options.input === "file" && !options.map;
    const keys = typeof options.ids === "function" ? [] : [options.ids ?? []].flat();
    let header: string[] | undefined;
    let layout: Layout | undefined;
    let giveId: GiveId = (item) => item;
    try {
      for await (const rows of readRows(path, options.delimiter)) {
        if (signal.aborted) return;
        const items: SourceItem[] = [];
        for (const row of rows) {
          if (!header) {
            header = headerIn(row, path);
            if (!options.map) layout = layoutOf(header, path, { ...options, root, keys });
            giveId = csvIds(header, { path, ids: options.ids, root: namesFiles ? root : undefined });
            continue;
          }
          const item = itemOf(path, row, header, layout, options.map);
          const cells = "cells" in row ? row.cells : [];
          if (layout && !(item instanceof Promise)) {
            items.push(giveId(item, cells, row.line));
            continue;
          }
          // What takes time, and what the user's own function made, goes on before the next row is looked at.
          if (items.length > 0) yield items.splice(0);
          yield giveId(await item, cells, row.line);
          if (signal.aborted) return;
        }
        if (items.length > 0) yield items;
      }
    } catch (error) {
      if (error instanceof SourceError) throw error;
      throw new SourceError("ERR_FILE_UNREADABLE", `csv: ${path}: ${describeError(error)}`, { cause: error });
    }
  },
});

function headerIn(row: CsvRow, path: string): string[] {
  if ("reason" in row) {
    throw new SourceError("ERR_CSV_COLUMNS", `csv: ${path}: column ${row.cell + 1} of the header ${row.reason}`);
  }
  const header = row.cells.map((cell) => cell.trim());
  const twice = repeatedIn(header);
  if (twice === undefined) return header;
  throw new SourceError("ERR_CSV_COLUMNS", `csv: ${path}: the header has the column "${shorten(twice, 60)}" twice`);
}

/** Finds the first name that occurs twice. Any number of columns may have no name. */
function repeatedIn(header: readonly string[]): string | undefined {
  const seen = new Set<string>();
  for (const column of header) {
    if (column !== "" && seen.has(column)) return column;
    seen.add(column);
  }
  return undefined;
}

function itemOf(
  path: string,
  row: CsvRow,
  header: readonly string[],
  layout: Layout | undefined,
  map: CsvMap | undefined,
): SourceItem | Promise<SourceItem> {
  const origin = `${path}:${row.line}`;
  if ("reason" in row) {
    const column = header[row.cell] ?? String(row.cell + 1);
    return { origin, error: new InputError("ERR_CSV_ROW", `line ${row.line}, column ${column}: it ${row.reason}`) };
  }
  const failed = (error: unknown): SourceItem => ({
    origin,
    error: error instanceof InputError ? error : new InputError("ERR_CSV_ROW", describeThrown(error), { cause: error }),
  });
  try {
    const cells = cellsUnder(header.length, row);
    if (layout) {
      const input = layout(cells);
      if (input instanceof Promise) return input.then((made) => ({ origin, input: made }), failed);
      // Metadata can be anything; all else was made here.
      return input.metadata === undefined ? { origin, input, checked: true } : { origin, input };
    }
    const named = Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ""]));
    const input = map?.(Object.freeze(named), { line: row.line });
    const mapped = (made: Mapped): SourceItem =>
      made === null || made === undefined ? { origin, skipped: "skipped by map" } : { origin, input: made };
    return isThenable(input) ? Promise.resolve(input).then(mapped, failed) : mapped(input);
  } catch (error) {
    return failed(error);
  }
}
