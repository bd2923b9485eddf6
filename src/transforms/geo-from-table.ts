/** Transform: looks up the location of each input in a CSV table. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import { geoPointFrom } from "../core/input/coordinates.js";
import { type GeoPoint, type Input, mediaOf } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { TransformContext } from "../core/plugin/transform.js";
import { decimalIn, isMissing } from "../formats/csv/cells.js";
import { type KeyedRow, readKeyedRows } from "../formats/csv/keyed-rows.js";

const Options = z.strictObject({
  /** What rows are found by: the file's name or path, or the input's id. Default: "filename". */
  by: z.enum(["filename", "id"]).default("filename"),
  /** Column with the name, path or id. Default: the value of `by`. */
  key: z.string().min(1).optional(),
  /** Column with the degrees east. Default: "longitude". */
  longitude: z.string().min(1).default("longitude"),
  /** Column with the degrees north. Default: "latitude". */
  latitude: z.string().min(1).default("latitude"),
  /** What separates cells. Default: found by the header, as in `csv`. */
  delimiter: z.string().length(1).optional(),
  /** What to do with an input that has no row, or a row without coordinates: "keep" it as it is and note it, or "fail" it. Default: "keep". */
  missing: z.enum(["keep", "fail"]).default("keep"),
});
/** Options of `geoFromTable`. */
export type GeoFromTableOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

interface Row extends KeyedRow {
  /** Lines with the same key and other coordinates. */
  rivals: number[];
  /** The origin of the input that the row was found for. */
  usedBy?: string;
}
type Table = ReadonlyMap<string, Row>;

/**
 * Gives each input the location that a CSV table has for its file or its id. The table is read once, with the first input, and kept in memory.
 *
 * The key column holds file names (`a.jpg`), or paths as far as they are needed to tell files apart (`one/a.jpg`); the longest key that ends the
 * file's path wins. Coordinates are decimal degrees with a point or a comma. An input without a row, or with a row of empty cells, goes on as it is, and
 * the report counts it in a note.
 *
 * Keeps order. An input fails alone, with the line of its row, when the row cannot be used, when the key is in several rows with different
 * coordinates, or when a row's bare name has already given its location to another file (ERR_GEO, ERR_CSV_ROW, ERR_TABLE_ROW). If the table cannot be
 * read, every input fails (ERR_TABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromTable("./places.csv"), batch(), upload(app));
 */
export const geoFromTable = defineTransform({
  name: "geoFromTable",
  parse(path: string, options: GeoFromTableOptions = {}) {
    return { path, ...parseOptions("geoFromTable", Options, options) };
  },
  open: (): { table?: Table; loading?: Promise<Table> } => ({}),
  apply(input, options, context) {
    const { state } = context;
    const { path } = options;
    if (state.table) return located(input, state.table, path, options, context);
    state.loading ??= load(path, options);
    return state.loading.then((table) => {
      state.table = table;
      return located(input, table, path, options, context);
    });
  },
});

function located(input: Input, table: Table, path: string, { by, missing }: Checked, context: TransformContext): Input {
  const row = by === "id" ? table.get(input.id.normalize("NFC")) : rowOfFile(input, context.origin, table);
  if (row && by === "filename") claim(row, context.origin, path);
  const geo = row && locationIn(row, path);
  if (geo) return { ...input, geo };
  const reason = row ? `no coordinates in its row of ${path}` : `no row in ${path}`;
  if (missing === "keep") {
    context.note(reason);
    return input;
  }
  const where = row ? ` (line ${row.line})` : "";
  const name = by === "id" ? input.id : namesOf(input, context.origin).at(-1);
  throw new InputError("ERR_TABLE_ROW", `${reason}${where} for ${by} "${name}"`);
}

/** Finds the row with the longest key that ends the path of the file. */
function rowOfFile(input: Input, origin: string, table: Table): Row | undefined {
  for (const name of namesOf(input, origin)) {
    const path = fileKey(name);
    for (let from = 0; ; from = path.indexOf("/", from) + 1) {
      const row = table.get(path.slice(from));
      if (row) return row;
      if (!path.includes("/", from)) break;
    }
  }
  return undefined;
}

/** The names that an input's file has. If a transform put bytes in the place of the file, the origin still has its path. */
function namesOf(input: Input, origin: string): string[] {
  const content = mediaOf(input)?.content;
  const path = content && "path" in content ? content.path : undefined;
  return [path, origin, input.metadata.filename].filter((name) => typeof name === "string");
}

function fileKey(path: string): string {
  return path
    .normalize("NFC")
    .replaceAll("\\", "/")
    .replace(/^(?:\.\/)+/, "");
}

/** A row gives its location to one file: two files of one name need paths in the table. @throws {InputError} ERR_TABLE_ROW */
function claim(row: Row, origin: string, path: string): void {
  row.usedBy ??= origin;
  if (row.usedBy === origin) return;
  const text = `line ${row.line} of ${path} has "${row.key}", and so it gave its location to ${row.usedBy}`;
  throw new InputError("ERR_TABLE_ROW", `${text}; write paths into the table that tell the files apart`);
}

/** Returns the location of a row; undefined if its cells name no location. @throws {InputError} */
function locationIn(row: Row, path: string): GeoPoint | undefined {
  const where = `${path}:${row.line}`;
  if (row.error) throw new InputError(row.error.code, `${path}: ${row.error.message}`, { cause: row.error });
  if (row.rivals.length > 0) {
    const lines = [row.line, ...row.rivals].slice(0, 5).join(", ");
    const text = `${path} has several rows with other coordinates for "${row.key}" (lines ${lines})`;
    throw new InputError("ERR_TABLE_ROW", `${text}; keep one of them, or write paths that tell the files apart`);
  }
  const [longitude = "", latitude = ""] = row.cells;
  if (isMissing(longitude) && isMissing(latitude)) return undefined;
  const [east, north] = [decimalIn(longitude), decimalIn(latitude)];
  if (Number.isFinite(east) && Number.isFinite(north)) return geoPointFrom(east, north, where);
  const text = `${where}: longitude "${longitude}", latitude "${latitude}" are not two numbers in decimal degrees, such as 4.4777`;
  throw new InputError("ERR_GEO", text);
}

async function load(path: string, { by, key, longitude, latitude, delimiter }: Checked): Promise<Table> {
  const rows = await readKeyedRows(path, { key: key ?? by, columns: [longitude, latitude], delimiter });
  const table = new Map<string, Row>();
  for (const row of rows) {
    const name = by === "id" ? row.key.normalize("NFC") : fileKey(row.key);
    const before = table.get(name);
    if (!before) table.set(name, { ...row, rivals: [] });
    else if (row.error || row.cells.join("\n") !== before.cells.join("\n")) before.rivals.push(row.line);
  }
  return table;
}
