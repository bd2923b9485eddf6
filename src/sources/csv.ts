/** Source: a CSV file, one input a row. */

import { dirname } from "node:path";
import * as z from "zod";
import { describeError, describeThrown, InputError, SourceError } from "../core/errors.js";
import type { InputDraft } from "../core/input.js";
import { kinds } from "../core/kinds.js";
import { checkPath, type OptionsOf, parseOptions, type Source, type SourceItem } from "../core/plugin.js";
import { isThenable } from "../core/thenable.js";
import { type Layout, layoutOf } from "./csv-columns.js";
import { type CsvRow, readRows } from "./csv-rows.js";

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
  /** Default: ",". */
  delimiter: z
    .string()
    .length(1)
    .regex(/[^"\r\n]/, "a quote or a line break separates nothing")
    .default(","),
  /** Folder that paths are relative to and may not leave. Default: the folder of the CSV. */
  root: z.string().min(1).optional(),
});
/** Options of `csv`. */
export type CsvOptions = OptionsOf<typeof Options>;

/**
 * Reads a CSV file with a header, row by row. Two sets of columns are known: `inputid, input, concepts, metadata, geopoints` (labels with commas
 * between them, a JSON object, `longitude,latitude`), and the portal's template (`input.id`, `input.data.image.url`, `input.data.text.raw`,
 * `input.data.concepts[0].id`, `input.metadata`, …). `map` takes any other.
 *
 * UTF-8 and UTF-16 with or without a byte order mark, quoted cells with commas and line breaks, CRLF; rows up to 25 MB. Every row stands alone:
 * one that is broken, or has a cell that cannot be used, fails with its line, column and value, and reading goes on at the next line. Origin and
 * default id are the file and the line that the row begins on. The file is closed at the end and on an early stop.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE; ERR_CSV_COLUMNS when the header has columns that are not known
 * @example await flow(csv("./reviews.csv")).pipe(batch(), upload(app)).run();
 */
export function csv(path: string, options: CsvOptions = {}): Source {
  checkPath("csv", path);
  const checked = parseOptions("csv", Options, options);
  return {
    name: "csv",
    async *read({ signal }) {
      let header: string[] | undefined;
      let layout: Layout | undefined;
      try {
        for await (const rows of readRows(path, checked.delimiter)) {
          if (signal.aborted) return;
          const items: SourceItem[] = [];
          for (const row of rows) {
            if (!header) {
              header = headerIn(row, path);
              if (!checked.map) layout = layoutOf(header, path, { ...checked, root: checked.root ?? dirname(path) });
              continue;
            }
            const item = itemOf(path, row, header, layout, checked.map);
            if (layout && !(item instanceof Promise)) {
              items.push(item);
              continue;
            }
            // What takes time, and what the user's own function made, goes on before the next row is looked at.
            if (items.length > 0) yield items.splice(0);
            yield await item;
            if (signal.aborted) return;
          }
          if (items.length > 0) yield items;
        }
      } catch (error) {
        if (error instanceof SourceError) throw error;
        throw new SourceError("ERR_FILE_UNREADABLE", `csv: ${path}: ${describeError(error)}`, { cause: error });
      }
    },
  };
}

function headerIn(row: CsvRow, path: string): string[] {
  if ("reason" in row) {
    throw new SourceError("ERR_CSV_COLUMNS", `csv: ${path}: column ${row.cell + 1} of the header ${row.reason}`);
  }
  return row.cells.map((cell) => cell.trim());
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
    if (row.cells.length !== header.length) {
      const text = `line ${row.line}: the row has ${row.cells.length} cells, the header ${header.length}`;
      throw new InputError("ERR_CSV_ROW", text);
    }
    if (layout) {
      const input = layout(row.cells);
      if (input instanceof Promise) return input.then((made) => ({ origin, input: made }), failed);
      // Metadata can be anything; all else was made here.
      return input.metadata === undefined ? { origin, input, checked: true } : { origin, input };
    }
    const named = Object.fromEntries(header.map((name, index) => [name, row.cells[index] ?? ""]));
    const input = map?.(Object.freeze(named), { line: row.line });
    const mapped = (made: Mapped): SourceItem =>
      made === null || made === undefined ? { origin, skipped: "passed over by map" } : { origin, input: made };
    return isThenable(input) ? Promise.resolve(input).then(mapped, failed) : mapped(input);
  } catch (error) {
    return failed(error);
  }
}
