/** Transform: looks the place of each input up in a CSV table. */

import { createReadStream } from "node:fs";
import { basename } from "node:path";
import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import { describeError, InputError } from "../core/errors.js";
import { type Input, mediaOf } from "../core/input.js";
import type { Message } from "../core/message.js";
import { placeFrom } from "../core/place.js";
import { type OptionsOf, parseOptions } from "../core/plugin.js";
import { transformOperator } from "../core/transform-operator.js";

const Options = z.strictObject({
  /** What rows are found by: the file's name, or the input's id. Default: "filename". */
  by: z.enum(["filename", "id"]).default("filename"),
  /** Column with the name or id. Default: the value of `by`. */
  key: z.string().min(1).optional(),
  /** Default: "longitude". */
  longitude: z.string().min(1).default("longitude"),
  /** Default: "latitude". */
  latitude: z.string().min(1).default("latitude"),
  /** What to do with an input that has no row: "keep" it as it is, or "fail" it. Default: "keep". */
  missing: z.enum(["keep", "fail"]).default("keep"),
});
/** Options of `geoFromTable`. */
export type GeoFromTableOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

interface Row {
  line: number;
  longitude: string;
  latitude: string;
}

/**
 * Gives each input the place that a CSV table has for its file name or its id. The table is read once, with the first input, and kept in memory.
 *
 * Keeps order. A row whose place cannot be used fails its own input only and is named by line, as is an input without a row when `missing` is "fail".
 * A table that cannot be read fails every input (ERR_TABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromTable("./places.csv"), batch(), upload(app));
 */
export function geoFromTable(path: string, options: GeoFromTableOptions = {}): OperatorFunction<Message, Message> {
  const checked = parseOptions("geoFromTable", Options, options);
  let table: Map<string, Row> | undefined;
  let loading: Promise<Map<string, Row>> | undefined;
  return transformOperator({
    name: "geoFromTable",
    apply(input) {
      if (table) return withPlace(input, table, path, checked);
      loading ??= load(path, checked);
      return loading.then((loaded) => {
        table = loaded;
        return withPlace(input, loaded, path, checked);
      });
    },
  });
}

function withPlace(input: Input, table: Map<string, Row>, path: string, { by, missing }: Checked): Input {
  const key = by === "id" ? input.id : fileNameOf(input);
  const row = key === undefined ? undefined : table.get(key.normalize("NFC"));
  if (row) {
    const where = `${path}:${row.line}`;
    return { ...input, geo: placeFrom(numberIn(row.longitude), numberIn(row.latitude), where) };
  }
  if (missing === "keep") return input;
  throw new InputError("ERR_TABLE_ROW", `${path} has no row for ${by} "${key ?? ""}"`);
}

function fileNameOf(input: Input): string | undefined {
  const content = mediaOf(input)?.content;
  if (content && "path" in content) return basename(content.path);
  const { filename } = input.metadata;
  return typeof filename === "string" ? filename : undefined;
}

function numberIn(cell: string): number {
  return cell.trim() === "" ? Number.NaN : Number(cell);
}

async function load(path: string, { by, key, longitude, latitude }: Checked): Promise<Map<string, Row>> {
  const { parse } = await import("csv-parse");
  const keyColumn = key ?? by;
  const table = new Map<string, Row>();
  try {
    const trimmed = (header: string[]) => header.map((column) => column.trim());
    const parser = parse({ bom: true, columns: trimmed, info: true, relax_column_count: true, skip_empty_lines: true });
    const file = createReadStream(path).on("error", (error) => parser.destroy(error));
    file.pipe(parser);
    type Record_ = { record: Record<string, string>; info: { lines: number } };
    for await (const { record, info } of parser as AsyncIterable<Record_>) {
      for (const column of [keyColumn, longitude, latitude]) {
        if (column in record) continue;
        const there = Object.keys(record).map((name) => JSON.stringify(name));
        throw new Error(`it has no column "${column}", but ${there.slice(0, 12).join(", ")}`);
      }
      const name = (record[keyColumn] ?? "").trim().normalize("NFC");
      table.set(name, { line: info.lines, longitude: record[longitude] ?? "", latitude: record[latitude] ?? "" });
    }
  } catch (error) {
    throw new InputError("ERR_TABLE", `${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  return table;
}
