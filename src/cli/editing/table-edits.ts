/** Edits from tables: reads the rows that change inputs, and combines those of one input. */

import { InputError } from "../../core/errors.js";
import type { Input } from "../../core/input/input.js";
import type { ReadContext, Source, SourceItem } from "../../core/plugin/source.js";
import type { ReadingOptions } from "../reading/options.js";
import { tableSourcesOf } from "../reading/reading.js";

/** The rows of a table by the ids of their inputs, and the rows that cannot be used. */
export interface TableRows {
  byId: Map<string, Input[]>;
  failed: SourceItem[];
}

/** Rows that are listed with their failures; a table with more of them is another table. */
const maxFailed = 10_000;

/** Reads tables whole, since rows far apart may be about the same input. A row without an id, or that is broken, fails. */
export async function readRows(paths: readonly string[], options: ReadingOptions): Promise<TableRows> {
  const { flow, transform } = await import("../../index.js");
  const byId = new Map<string, Input[]>();
  const sources = (await tableSourcesOf(paths, options)).map(withOwnIds);
  const collect = transform((row) => {
    const rows = byId.get(row.id);
    if (rows) rows.push(row);
    else byId.set(row.id, [row]);
    return row;
  });
  const report = await flow(sources).pipe(collect).run({ handleSignals: false });
  const failed: SourceItem[] = report.failures.map(({ origin, code, reason }) => ({
    origin,
    error: new InputError(code, reason),
  }));
  const more = report.counts.failed - failed.length;
  if (more > 0) {
    const text = `${more} further rows cannot be used; only the first ${maxFailed} are listed`;
    failed.push({ origin: "table", error: new InputError("ERR_ITEM", text) });
  }
  return { byId, failed };
}

/** Makes rows without an id fail, since an id that is made of their content is that of no input. */
function withOwnIds(source: Source): Source {
  return {
    name: source.name,
    async *read(context: ReadContext) {
      for await (const step of source.read(context)) yield ([step].flat() as SourceItem[]).map(withOwnId);
    },
  };
}

function withOwnId(item: SourceItem): SourceItem {
  if (!("input" in item) || (item.input.id !== undefined && item.input.id !== "")) return item;
  const text = "the row has no id of an input; name its column with --map id=COLUMN";
  return { origin: item.origin, error: new InputError("ERR_ID_EMPTY", text) };
}
