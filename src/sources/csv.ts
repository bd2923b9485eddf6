/** Source: a CSV file, one input a row. */

import { dirname } from "node:path";
import * as z from "zod";
import { describeError, describeThrown, InputError, OptionsError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input/input.js";
import { kinds } from "../core/input/kinds.js";
import { datasetsOption, joinDatasets } from "../core/plugin/datasets-option.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { idsOption } from "../core/plugin/row-ids.js";
import {
  type MaybePromise,
  otherShard,
  type ReadContext,
  type SourceItem,
  type SourceStep,
} from "../core/plugin/source.js";
import { shorten } from "../core/util/format/shorten.js";
import { isThenable } from "../core/util/thenable.js";
import { cellsUnder } from "../formats/csv/check-row.js";
import { idColumnsOf, type Layout, layoutOf } from "../formats/csv/columns.js";
import { csvIds, type GiveId, type ShardKeyOf } from "../formats/csv/ids.js";
import { ColumnNames } from "../formats/csv/named-columns.js";
import { type CsvRow, readRows } from "../formats/csv/rows.js";

type Mapped = InputDraft | null | undefined;
/** Makes an input from a row, an object of cell texts by column name. Returns null or undefined to skip the row. */
export type CsvMap = (row: Record<string, string>, context: { line: number }) => Mapped | Promise<Mapped>;

const optionFields = {
  /** Content of the column `input`: raw text, a URL, or the path of a file relative to `root`. Default: "text". */
  input: z.enum(["text", "url", "file"]).default("text"),
  /** Kind of the URLs. Default: by the extension. */
  kind: z.enum(kinds).optional(),
  /**
   * Columns by the fields that they fill: `{ id: "name", longitude: "x", latitude: "y", "metadata.split": "subset" }`. The fields are id, text, url, image,
   * video, audio (URLs), file, concept (one), concepts (a list), metadata (a JSON object), metadata.KEY (a text), geo, longitude, latitude, dataset. A
   * known column keeps its meaning unless its field is named; an empty name leaves the field out. All other columns are ignored.
   */
  columns: ColumnNames.optional(),
  /** Makes an input from a row with any columns; may be async. Replaces the known columns. Null skips the row. The row is frozen. */
  map: z.custom<CsvMap>((value) => typeof value === "function").optional(),
  /**
   * Separator of cells, one character. Default: the one that a first line such as `sep=;` names; else ",". If the header has no comma, ";", tab or
   * "|" is detected.
   */
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, "a quote or a line break cannot separate cells")
    .optional(),
  /** Folder that paths are relative to. Paths outside of it are refused. Default: the folder of the CSV. */
  root: z.string().min(1).optional(),
  /**
   * Source of ids: the name of one column, the names of several columns, or a function of the row. A single cell that is a valid id is used as it is.
   * Default: the column `inputid` (or `input.id`) if it has a value, else a hash of the row's content and of its occurrence among equal rows.
   */
  ids: idsOption<Record<string, string>>().optional(),
  /** Datasets that every input joins, besides those that `map` returns. */
  datasets: datasetsOption,
};
const Options = z.strictObject(optionFields);
/** Options of `csv`. */
export type CsvOptions = OptionsOf<typeof optionFields>;

/**
 * Reads a CSV file with a header, row by row. It knows two sets of columns: `inputid, input, concepts, metadata, geopoints` (comma-separated labels,
 * a JSON object, `longitude,latitude`), and the portal's template (`input.id`, `input.data.image.url`, `input.data.text.raw`,
 * `input.data.concepts[0].id`, `input.metadata`, …). `id`, `text`, `url`, `concept`, `longitude`, `latitude`, `dataset` and `metadata.KEY` are known, too, beside
 * columns for other fields. Other columns need `columns` or `map`.
 *
 * Accepts UTF-8 and UTF-16 with or without a byte order mark, quoted cells with commas and line breaks, CRLF, and rows up to 25 MB. `path` may be a
 * pipe. Rows and columns without content are ignored. Concepts may also be a Python list, and metadata a Python object; `nan`, `None`, `null` and `N/A`
 * mean no concepts, metadata or location.
 *
 * Keeps order. A row that is broken, or has a cell that cannot be used or kept exactly (an integer beyond 2^53), fails alone with its line, column
 * and value; reading continues at the next line. The origin of an input is the file and the first line of its row. Ids do not depend on it: the path
 * may be typed differently, and rows may be added above. The file is closed at the end and on an early stop.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE; ERR_CSV_COLUMNS when the header has unknown columns
 * @example await flow(csv("./reviews.csv")).pipe(batch(), upload(app)).run();
 */
export const csv = defineSource({
  name: "csv",
  parse(path: string, options: CsvOptions = {}) {
    checkPath("csv", path);
    const checked = parseOptions("csv", Options, options);
    if (checked.columns && checked.map) {
      throw new OptionsError("ERR_OPTIONS", "csv: columns and map do not go together; leave one of them out");
    }
    return { path, ...checked };
  },
  from: ({ path }) => path,
  async *read({ path, ...options }, { signal, isOtherShard }) {
    let table: Table | undefined;
    try {
      for await (const rows of readRows(path, options.delimiter)) {
        if (signal.aborted) return;
        const [first, ...others] = rows;
        const isHeader = table === undefined && first !== undefined;
        if (isHeader) table = tableOf(first, path, options);
        if (table) yield* itemsOf(isHeader ? others : rows, table, { signal, isOtherShard });
      }
    } catch (error) {
      if (error instanceof SourceError) throw error;
      throw new SourceError("ERR_FILE_UNREADABLE", `csv: ${path}: ${describeError(error)}`, { cause: error });
    }
  },
});

/** A CSV whose header was read. */
interface Table {
  path: string;
  header: readonly string[];
  /** Makes inputs of the known columns; undefined with `map`. */
  layout: Layout | undefined;
  map: CsvMap | undefined;
  giveId: GiveId;
  shardKeyOf: ShardKeyOf;
}

function tableOf(first: CsvRow, path: string, options: z.output<typeof Options>): Table {
  const { ids, map } = options;
  const root = options.root ?? dirname(path);
  const namesFiles = (options.input === "file" || Boolean(options.columns?.file)) && !map;
  const keys = typeof ids === "function" ? [] : [ids ?? []].flat();
  const header = headerIn(first, path);
  const layout = map ? undefined : layoutOf(header, path, { ...options, root, keys });
  const idColumns = map ? undefined : idColumnsOf(header, options.columns);
  const { giveId, shardKeyOf } = csvIds(header, { path, ids, idColumns, root: namesFiles ? root : undefined });
  const join = joinDatasets(options.datasets);
  return { path, header, layout, map, giveId: (item, cells, line) => join(giveId(item, cells, line)), shardKeyOf };
}

/** Yields the items of rows in arrays. A row that takes time, or that the user's function made, is yielded before the next row is read. */
async function* itemsOf(
  rows: readonly CsvRow[],
  table: Table,
  { signal, isOtherShard }: ReadContext,
): AsyncGenerator<SourceStep, void> {
  const items: SourceItem[] = [];
  for (const row of rows) {
    const cells = "cells" in row ? row.cells : [];
    const shardKey = isOtherShard && "cells" in row ? table.shardKeyOf(cells, row.line) : undefined;
    if (shardKey !== undefined && isOtherShard?.(shardKey)) {
      items.push({ origin: `${table.path}:${row.line}`, skipped: otherShard });
      continue;
    }
    const item = itemOf(row, table);
    if (table.layout && !(item instanceof Promise)) {
      items.push(withShardKey(table.giveId(item, cells, row.line), shardKey));
      continue;
    }
    if (items.length > 0) yield items.splice(0);
    yield withShardKey(table.giveId(await item, cells, row.line), shardKey);
    if (signal.aborted) return;
  }
  if (items.length > 0) yield items;
}

function withShardKey(item: SourceItem, shardKey: string | undefined): SourceItem {
  if (shardKey !== undefined) item.shardKey = shardKey;
  return item;
}

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

function itemOf(row: CsvRow, { path, header, layout, map }: Table): MaybePromise<SourceItem> {
  const origin = `${path}:${row.line}`;
  if ("reason" in row) {
    const column = header[row.cell] ?? String(row.cell + 1);
    return { origin, error: new InputError("ERR_CSV_ROW", `line ${row.line}, column ${column}: it ${row.reason}`) };
  }
  try {
    const cells = cellsUnder(header.length, row);
    if (layout) {
      const input = layout(cells);
      if (input instanceof Promise) return itemLater(origin, input);
      // Only metadata need a check, because this source itself made all other fields.
      return input.metadata === undefined ? { origin, input, checked: true } : { origin, input };
    }
    const named = Object.fromEntries(header.map((name, index) => [name, cells[index] ?? ""]));
    const input = map?.(Object.freeze(named), { line: row.line });
    return isThenable(input) ? itemLater(origin, Promise.resolve(input)) : mappedItem(origin, input);
  } catch (error) {
    return failedItem(origin, error);
  }
}

/** Makes the item of an input that takes time. It is a separate function, since closures would slow down all other rows. */
function itemLater(origin: string, input: Promise<Mapped>): Promise<SourceItem> {
  return input.then(
    (draft) => mappedItem(origin, draft),
    (error: unknown) => failedItem(origin, error),
  );
}

function mappedItem(origin: string, draft: Mapped): SourceItem {
  return draft === null || draft === undefined ? { origin, skipped: "skipped by map" } : { origin, input: draft };
}

function failedItem(origin: string, error: unknown): SourceItem {
  if (error instanceof InputError) return { origin, error };
  return { origin, error: new InputError("ERR_CSV_ROW", describeThrown(error), { cause: error }) };
}
