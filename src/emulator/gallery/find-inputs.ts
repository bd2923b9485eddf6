/** Finding what the gallery shows: filters as SQL over the index, newest first. */

import type { SqlValue } from "../store/driver.js";
import type { Store } from "../store/store.js";
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

/** What fewer than one in so many are is rare. */
const rareShare = 8;
const states: Record<State, string> = {
  ready: "e.status = 30000",
  waiting: "e.status IN (30001, 30003)",
  failed: "e.status NOT IN (30000, 30001, 30003)",
};
/** Metadata are in the index under their path in the fields of an input. */
export const metadataPath = "$.metadata.";

export function keyOfField(field: string): string {
  return field.slice(metadataPath.length);
}

/** The numbers of the inputs of one page, newest first. */
export function findPage(store: Store, filters: Filters, { top, after, skip, limit }: Place): number[] {
  const found = query(store, filters);
  if (found === undefined) return [];
  const { from, where, seq, values } = found;
  const bound = after === undefined ? `${seq} <= ?` : `${seq} < ?`;
  const sql = `SELECT ${seq} AS seq ${from} WHERE ${where} AND ${bound} ORDER BY ${seq} DESC LIMIT ? OFFSET ?`;
  return store.all<{ seq: number }>(sql, ...values, after ?? top, limit, skip).map((row) => row.seq);
}

export function countFound(store: Store, filters: Filters, top: number): number {
  const found = query(store, filters);
  if (found === undefined) return 0;
  const { from, where, seq, values, known } = found;
  const count = (bound: string) => {
    const sql = `SELECT count(*) AS count ${from} WHERE ${where} AND ${seq} ${bound} ?`;
    return store.get<{ count: number }>(sql, ...values, top)?.count ?? 0;
  };
  return known === undefined ? count("<=") : known - count(">");
}

/** Inputs with a place, as JSON: triples of number, longitude and latitude, the newest first. */
export function findPlaces(store: Store, filters: Filters, limit: number): string {
  const found = query(store, filters, true);
  if (found === undefined) return "[]";
  const { from, where, seq, values } = found;
  const sql = `SELECT '[' || group_concat('[' || seq || ',' || x || ',' || y || ']') || ']' AS points FROM (
    SELECT e.seq AS seq, round(e.longitude, 4) AS x, round(e.latitude, 4) AS y ${from}
    WHERE ${where} AND e.latitude IS NOT NULL ORDER BY ${seq} DESC LIMIT ?)`;
  return store.get<{ points: string | null }>(sql, ...values, limit)?.points ?? "[]";
}

interface Query {
  from: string;
  where: string;
  /** The column with the numbers of the inputs. */
  seq: string;
  values: SqlValue[];
  /** How many inputs there are, where the index knows that. */
  known?: number | undefined;
}

/** The rarest term leads; the rest is looked up for each of its inputs. Undefined: a term that nothing has. */
function query(store: Store, filters: Filters, needsEntries = false): Query | undefined {
  const terms = termsOf(filters).map(([field, value]) => {
    const sql = "SELECT id, count FROM gallery_terms WHERE app = ? AND field = ? AND value = ?";
    return store.get<{ id: number; count: number }>(sql, filters.app, field, value);
  });
  const known = terms.filter((term) => term !== undefined).sort((one, other) => one.count - other.count);
  if (known.length < terms.length) return undefined;
  const [first, ...others] = known;
  const conditions = entryConditions(filters);
  if (first === undefined) return entriesQuery(store, filters, conditions);
  const isJoined = needsEntries || conditions.length > 0;
  const uses = others.map(({ id }): Condition => {
    return { sql: "EXISTS (SELECT 1 FROM gallery_uses o WHERE o.term = ? AND o.seq = u.seq)", values: [id] };
  });
  return {
    from: `FROM gallery_uses u ${isJoined ? "CROSS JOIN gallery_entries e ON e.seq = u.seq" : ""}`,
    seq: "u.seq",
    known: isJoined || uses.length > 0 ? undefined : first.count,
    ...all({ sql: "u.term = ?", values: [first.id] }, ...uses, ...conditions),
  };
}

/** Without a term: what is rare is gathered by the index of kinds and statuses; what is not is soon met on the way from the newest on. */
function entriesQuery(store: Store, filters: Filters, conditions: readonly Condition[]): Query {
  const { app, id, area } = filters;
  const states = all({ sql: "e.app = ?", values: [app] }, ...stateConditions(filters));
  const sql = `SELECT coalesce(sum(count), 0) AS matching, (SELECT sum(count) FROM gallery_states WHERE app = ?) AS total FROM gallery_states e WHERE ${states.where}`;
  const counted = store.get<{ matching: number; total: number }>(sql, app, ...states.values);
  const { matching, total } = counted ?? { matching: 0, total: 0 };
  return {
    from: `FROM gallery_entries e ${matching * rareShare < total ? "INDEXED BY gallery_kinds" : "NOT INDEXED"}`,
    seq: "e.seq",
    known: id === undefined && area === undefined ? matching : undefined,
    ...all({ sql: "e.app = ?", values: [app] }, ...conditions),
  };
}

/** Conditions that must all hold. */
function all(...conditions: readonly Condition[]): Pick<Query, "where" | "values"> {
  return {
    where: conditions.map(({ sql }) => sql).join(" AND "),
    values: conditions.flatMap(({ values }) => values),
  };
}

function termsOf({ dataset, concept, key, value }: Filters): [field: string, value: string][] {
  const terms: [string, string][] = [];
  if (concept !== undefined) terms.push(["concept", concept]);
  if (dataset !== undefined) terms.push(["dataset", dataset]);
  if (key !== undefined && value !== undefined) terms.push([metadataPath + key, value]);
  return terms;
}

function entryConditions(filters: Filters): Condition[] {
  const { app, id, area } = filters;
  const conditions = stateConditions(filters);
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

/** Of an entry, or of a count of them. */
function stateConditions({ kind, code, state }: Filters): Condition[] {
  const conditions: Condition[] = [];
  if (kind !== undefined) conditions.push({ sql: "e.kind = ?", values: [kind] });
  if (code !== undefined) conditions.push({ sql: "e.status = ?", values: [code] });
  if (state !== undefined) conditions.push({ sql: states[state], values: [] });
  return conditions;
}
