/** The values that the gallery can filter by, with their counts from the index. */

import type { Kind } from "../../core/input/kinds.js";
import type { AppRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { status } from "../wire/status.js";
import { keyOfField, metadataPath } from "./find-inputs.js";
import { stateOf } from "./items.js";
import type { FacetsShape } from "./shapes.js";

const maxDatasets = 500;
const maxConcepts = 500;
const maxKeys = 200;
const maxValues = 100;

/** Returns the kinds, statuses, datasets, concepts and metadata keys of an app. */
export function facetsOf(store: Store, app: AppRow): FacetsShape {
  const sql = "SELECT kind, status, count FROM gallery_states WHERE app = ? AND count > 0";
  const rows = store.all<{ kind: Kind; status: number; count: number }>(sql, app.seq);
  const sumBy = <K>(keyOf: (row: (typeof rows)[number]) => K): [K, number][] => {
    const sums = new Map<K, number>();
    for (const row of rows) sums.set(keyOf(row), (sums.get(keyOf(row)) ?? 0) + row.count);
    return [...sums];
  };
  return {
    total: rows.reduce((sum, row) => sum + row.count, 0),
    kinds: sumBy((row) => row.kind).map(([kind, count]) => ({ kind, count })),
    statuses: sumBy((row) => row.status).map(([code, count]) => {
      return { code, text: status(code).description, state: stateOf(code), count };
    }),
    datasets: store.all(
      `SELECT d.id AS id, coalesce(t.count, 0) AS count FROM datasets d
       LEFT JOIN gallery_terms t ON t.app = d.app AND t.field = 'dataset' AND t.value = d.id WHERE d.app = ? ORDER BY d.seq LIMIT ?`,
      ...[app.seq, maxDatasets],
    ),
    concepts: conceptsOf(store, app),
    keys: keysOf(store, app),
  };
}

/** Returns values of a metadata key, at most 100. */
export function valuesOf(store: Store, app: AppRow, key: string): string[] {
  const sql = "SELECT value FROM gallery_terms WHERE app = ? AND field = ? ORDER BY value LIMIT ?";
  return store.all<{ value: string }>(sql, app.seq, metadataPath + key, maxValues).map(({ value }) => value);
}

function conceptsOf(store: Store, app: AppRow): FacetsShape["concepts"] {
  const names = store.names(app.seq);
  const sql =
    "SELECT value AS id, count FROM gallery_terms WHERE app = ? AND field = 'concept' ORDER BY count DESC, value LIMIT ?";
  const rows = store.all<{ id: string; count: number }>(sql, app.seq, maxConcepts);
  return rows.map(({ id, count }) => ({ id, name: names.get(id) ?? id, count }));
}

/** Finds the metadata keys by stepping through the index from key to key, so the number of values does not matter. */
function keysOf(store: Store, app: AppRow): string[] {
  const next = (after: string) =>
    `SELECT min(field) FROM gallery_terms WHERE app = ?1 AND field > ${after} AND field < ?3`;
  const sql = `WITH RECURSIVE found (field) AS (${next("?2")} UNION ALL SELECT (${next("found.field")}) FROM found WHERE field IS NOT NULL)
    SELECT field FROM found WHERE field IS NOT NULL LIMIT ?4`;
  const end = `${metadataPath.slice(0, -1)}/`; // "/" follows "." in ASCII, so it ends the range.
  return store.all<{ field: string }>(sql, app.seq, metadataPath, end, maxKeys).map(({ field }) => keyOfField(field));
}
