/** Finding what the gallery shows: filters as SQL over the index, newest first. */

import type { SqlValue } from "../driver.js";
import type { Store } from "../store.js";
import type { State } from "./shapes.js";

/** All that are given must hold. */
export interface Filters {
  app: number;
  kind?: string | undefined;
  code?: number | undefined;
  state?: State | undefined;
  dataset?: string | undefined;
  concept?: string | undefined;
  /** A key of metadata, and the value that it must have. */
  key?: string | undefined;
  value?: string | undefined;
  /** A part of the id. */
  id?: string | undefined;
  /** West, south, east, north. */
  area?: readonly [number, number, number, number] | undefined;
}

/** Where a page begins: behind an input, and so many further on. */
export interface Place {
  /** Inputs that came later do not count. */
  top: number;
  after?: number | undefined;
  skip: number;
  limit: number;
}

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** A list of inputs in an index of its own, in the order of their numbers. */
interface Source extends Condition {
  table: string;
  column: string;
}

/** Counting further than this does not help to choose. */
const maxCounted = 20_000;
const states: Record<State, string> = {
  ready: "e.status = 30000",
  waiting: "e.status IN (30001, 30003)",
  failed: "e.status NOT IN (30000, 30001, 30003)",
};
/** Metadata are in the index under their path in the fields of an input. */
const metadataPath = "$.metadata.";

export function keyOfField(field: string): string {
  return field.slice(metadataPath.length);
}

/** The numbers of the inputs of one page, newest first. */
export function findPage(store: Store, filters: Filters, { top, after, skip, limit }: Place): number[] {
  const { from, where, column, values } = query(store, filters);
  const bound = after === undefined ? `${column} <= ?` : `${column} < ?`;
  const sql = `SELECT ${column} AS seq ${from} WHERE ${where} AND ${bound} ORDER BY ${column} DESC LIMIT ? OFFSET ?`;
  return store.all<{ seq: number }>(sql, ...values, after ?? top, limit, skip).map((row) => row.seq);
}

export function countFound(store: Store, filters: Filters, top: number): number {
  const { from, where, column, values } = query(store, filters);
  const sql = `SELECT count(*) AS count ${from} WHERE ${where} AND ${column} <= ?`;
  return store.get<{ count: number }>(sql, ...values, top)?.count ?? 0;
}

/** Inputs with a place, as JSON: triples of number, longitude and latitude, the newest first. */
export function findPlaces(store: Store, filters: Filters, limit: number): string {
  const { from, where, column, values } = query(store, filters);
  const sql = `SELECT '[' || group_concat('[' || seq || ',' || x || ',' || y || ']') || ']' AS points FROM (
    SELECT e.seq AS seq, round(e.longitude, 4) AS x, round(e.latitude, 4) AS y ${from}
    WHERE ${where} AND e.latitude IS NOT NULL ORDER BY ${column} DESC LIMIT ?)`;
  return store.get<{ points: string | null }>(sql, ...values, limit)?.points ?? "[]";
}

/** The rarest of what is asked for leads; the rest is looked up for each of its inputs. */
function query(store: Store, filters: Filters): { from: string; where: string; column: string; values: SqlValue[] } {
  const [first, ...others] = sourcesOf(filters)
    .map((source) => ({ ...source, count: countOf(store, source) }))
    .sort((one, other) => one.count - other.count);
  const column = first?.column ?? "e.seq";
  const conditions: Condition[] = [
    ...(first ? [first] : []),
    { sql: "e.app = ?", values: [filters.app] },
    ...entryConditions(filters),
    ...others.map((source) => ({
      sql: `EXISTS (SELECT 1 FROM ${source.table} WHERE ${source.sql} AND ${source.column} = e.seq)`,
      values: source.values,
    })),
  ];
  return {
    from: first
      ? `FROM ${first.table} CROSS JOIN gallery_entries e ON e.seq = ${first.column}`
      : "FROM gallery_entries e NOT INDEXED",
    where: conditions.map((condition) => condition.sql).join(" AND "),
    column,
    values: conditions.flatMap((condition) => condition.values),
  };
}

function sourcesOf({ app, dataset, concept, key, value }: Filters): Source[] {
  const term = (name: string, field: string, wanted: string): Source => ({
    table: `gallery_terms ${name}`,
    column: `${name}.seq`,
    sql: `${name}.app = ? AND ${name}.field = ? AND ${name}.value = ?`,
    values: [app, field, wanted],
  });
  const sources: Source[] = [];
  if (concept !== undefined) sources.push(term("c", "concept", concept));
  if (key !== undefined && value !== undefined) sources.push(term("m", metadataPath + key, value));
  if (dataset !== undefined) {
    const sql = "d.app = ? AND d.dataset = ?";
    sources.push({ table: "dataset_inputs d", column: "d.input", sql, values: [app, dataset] });
  }
  return sources;
}

function countOf(store: Store, { table, sql, values }: Source): number {
  const capped = `SELECT count(*) AS count FROM (SELECT 1 FROM ${table} WHERE ${sql} LIMIT ${maxCounted})`;
  return store.get<{ count: number }>(capped, ...values)?.count ?? 0;
}

function entryConditions({ app, kind, code, state, id, area }: Filters): Condition[] {
  const conditions: Condition[] = [];
  if (kind !== undefined) conditions.push({ sql: "e.kind = ?", values: [kind] });
  if (code !== undefined) conditions.push({ sql: "e.status = ?", values: [code] });
  if (state !== undefined) conditions.push({ sql: states[state], values: [] });
  if (id !== undefined) {
    const sql = "e.seq IN (SELECT seq FROM inputs WHERE app = ? AND id LIKE ? ESCAPE '\\')";
    conditions.push({ sql, values: [app, `%${id.replace(/[\\%_]/g, "\\$&")}%`] });
  }
  if (area) {
    const [west, south, east, north] = area;
    const sql = "e.longitude BETWEEN ? AND ? AND e.latitude BETWEEN ? AND ?";
    conditions.push({ sql, values: [west, east, south, north] });
  }
  return conditions;
}
