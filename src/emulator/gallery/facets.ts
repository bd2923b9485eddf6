/** What there is to filter by, with counts. */

import type { AppRow } from "../model.js";
import { status } from "../status.js";
import type { Store } from "../store.js";
import { keyOfField } from "./find-inputs.js";
import { stateOf } from "./items.js";
import type { FacetsShape, Kind } from "./shapes.js";

const maxConcepts = 500;
const maxKeys = 200;
const maxValues = 100;

/** Kinds, statuses, datasets, concepts and keys of metadata of an app. */
export function facetsOf(store: Store, app: AppRow): FacetsShape {
  const sql = "SELECT kind, status, count(*) AS count FROM gallery_entries WHERE app = ? GROUP BY kind, status";
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
      `SELECT d.id AS id, (SELECT count(*) FROM dataset_inputs m WHERE m.app = d.app AND m.dataset = d.id) AS count
       FROM datasets d WHERE d.app = ? ORDER BY d.seq LIMIT 500`,
      app.seq,
    ),
    concepts: conceptsOf(store, app),
    keys: distinct(store, app, "field", maxKeys).map(keyOfField),
  };
}

/** Some of the values that a key of metadata has. */
export function valuesOf(store: Store, app: AppRow, key: string): string[] {
  return distinct(store, app, "value", maxValues, `$.metadata.${key}`);
}

function conceptsOf(store: Store, app: AppRow): FacetsShape["concepts"] {
  const names = store.names(app.seq);
  const sql =
    "SELECT value AS id, count(*) AS count FROM gallery_terms WHERE app = ? AND field = 'concept' GROUP BY value ORDER BY count DESC LIMIT ?";
  const rows = store.all<{ id: string; count: number }>(sql, app.seq, maxConcepts);
  return rows.map(({ id, count }) => ({ id, name: names.get(id) ?? id, count }));
}

/** Goes from each text to the next one in the index, however many inputs have it. */
function distinct(store: Store, app: AppRow, column: "field" | "value", limit: number, field?: string): string[] {
  const where = `FROM gallery_terms WHERE app = ? AND ${field === undefined ? "field >= '$'" : "field = ?"}`;
  const sql = `WITH RECURSIVE found (text) AS (SELECT min(${column}) ${where} UNION ALL
    SELECT (SELECT min(${column}) ${where} AND ${column} > found.text) FROM found WHERE text IS NOT NULL)
    SELECT text FROM found WHERE text IS NOT NULL LIMIT ?`;
  const values = field === undefined ? [app.seq] : [app.seq, field];
  return store
    .all<{ text: string }>(sql, ...values, ...values, limit)
    .map(({ text }) => text)
    .filter((text) => text !== "concept");
}
