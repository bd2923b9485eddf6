/** Finds the inputs of the gallery: turns filters into SQL over the index, newest first. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { SqlValue } from "../store/driver.js";
import { containing } from "../store/like-pattern.js";
import type { Store } from "../store/store.js";
import type { State } from "./shapes.js";

/** An input must match all filters. */
export interface Filters {
  app: number;
  kind?: string | undefined;
  code?: number | undefined;
  state?: State | undefined;
  dataset?: string | undefined;
  concept?: string | undefined;
  /** A metadata key, and its value. */
  key?: string | undefined;
  value?: string | undefined;
  /** Part of the id. */
  id?: string | undefined;
  /** West, south, east, north, in degrees. */
  area?: readonly [number, number, number, number] | undefined;
}

/** The position of a page in a listing. */
export interface PagePosition {
  /** The newest input of the listing. Inputs that were added later are left out. */
  top: number;
  /** The page begins after this input. */
  after?: number | undefined;
  /** Number of inputs to skip. */
  skip: number;
  limit: number;
}

interface Condition {
  sql: string;
  values: SqlValue[];
}

/** A filter is selective if fewer than one in this many inputs match. */
const selectiveShare = 8;
const { INPUT_SUCCESS, INPUT_PENDING, INPUT_IN_PROGRESS } = statusCodes;
/** The conditions of the states. */
const stateConditions: Record<State, string> = {
  ready: `e.status = ${INPUT_SUCCESS}`,
  waiting: `e.status IN (${INPUT_PENDING}, ${INPUT_IN_PROGRESS})`,
  failed: `e.status NOT IN (${INPUT_SUCCESS}, ${INPUT_PENDING}, ${INPUT_IN_PROGRESS})`,
};
/** The index names a metadata key by its path in the fields of an input. */
export const metadataPath = "$.metadata.";

/** Returns the metadata key of a field of the index. */
export function keyOfField(field: string): string {
  return field.slice(metadataPath.length);
}

/** Returns the numbers of the inputs of one page, newest first. */
export function findPage(store: Store, filters: Filters, { top, after, skip, limit }: PagePosition): number[] {
  const found = query(store, filters);
  if (found === undefined) return [];
  const { from, where, seq, values } = found;
  const bound = after === undefined ? `${seq} <= ?` : `${seq} < ?`;
  const sql = `SELECT ${seq} AS seq ${from} WHERE ${where} AND ${bound} ORDER BY ${seq} DESC LIMIT ? OFFSET ?`;
  return store.all<{ seq: number }>(sql, ...values, after ?? top, limit, skip).map((row) => row.seq);
}

/** Counts the inputs that match the filters, up to the newest input of the listing. */
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

/** Returns the inputs with a location as JSON: triples of number, longitude and latitude, newest first. */
export function findLocations(store: Store, filters: Filters, limit: number): string {
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
  /** Number of inputs that match, if the index knows it. */
  known?: number | undefined;
}

/** Makes a query that starts with the rarest term and checks the other conditions for each of its inputs. Undefined: no input has one of the terms. */
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

/** Makes a query without terms. A selective filter uses the index of kinds and statuses; otherwise a scan from the newest input soon finds enough. */
function entriesQuery(store: Store, filters: Filters, conditions: readonly Condition[]): Query {
  const { app, id, area } = filters;
  const states = all({ sql: "e.app = ?", values: [app] }, ...kindConditions(filters));
  const sql = `SELECT coalesce(sum(count), 0) AS matching, (SELECT sum(count) FROM gallery_states WHERE app = ?) AS total FROM gallery_states e WHERE ${states.where}`;
  const counted = store.get<{ matching: number; total: number }>(sql, app, ...states.values);
  const { matching, total } = counted ?? { matching: 0, total: 0 };
  return {
    from: `FROM gallery_entries e ${matching * selectiveShare < total ? "INDEXED BY gallery_kinds" : "NOT INDEXED"}`,
    seq: "e.seq",
    known: id === undefined && area === undefined ? matching : undefined,
    ...all({ sql: "e.app = ?", values: [app] }, ...conditions),
  };
}

/** Joins conditions that must all be true. */
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
  const conditions = kindConditions(filters);
  if (id !== undefined) {
    const sql = "e.seq IN (SELECT seq FROM inputs WHERE app = ? AND id LIKE ? ESCAPE '\\')";
    conditions.push({ sql, values: [app, containing(id)] });
  }
  if (area) {
    const [west, south, east, north] = area;
    const sql = "e.longitude BETWEEN ? AND ? AND e.latitude BETWEEN ? AND ?";
    conditions.push({ sql, values: [west, east, south, north] });
  }
  return conditions;
}

/** Returns the conditions on kind and status, for the listing of inputs and for the counts of the filters. */
function kindConditions({ kind, code, state }: Filters): Condition[] {
  const conditions: Condition[] = [];
  if (kind !== undefined) conditions.push({ sql: "e.kind = ?", values: [kind] });
  if (code !== undefined) conditions.push({ sql: "e.status = ?", values: [code] });
  if (state !== undefined) conditions.push({ sql: stateConditions[state], values: [] });
  return conditions;
}
