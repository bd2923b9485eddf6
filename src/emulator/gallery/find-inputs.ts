/** Finds the inputs of the gallery: pages of a listing, their number, and their locations. */

import type { Store } from "../store/store.js";
import { type Filters, metadataPath } from "./find/conditions.js";
import { queryOf } from "./find/query.js";
import type { Sort } from "./shapes.js";

export { type Filters, metadataPath } from "./find/conditions.js";

/** The position of a page in a listing. */
export interface PagePosition {
  /** The newest input of the listing. Inputs that were added later are left out. */
  top: number;
  /** Default: newest first. */
  sort?: Sort;
  /** The page begins after this input. Only for the orders "newest" and "oldest". */
  after?: number | undefined;
  /** Number of inputs to skip. */
  skip: number;
  limit: number;
}

/** Returns the metadata key of a field of the index. */
export function keyOfField(field: string): string {
  return field.slice(metadataPath.length);
}

/** Returns the numbers of the inputs of one page. */
export function findPage(store: Store, filters: Filters, position: PagePosition): number[] {
  const { top, sort = "newest", after, skip, limit } = position;
  const found = queryOf(store, filters, sort);
  if (found === undefined) return [];
  const { from, where, seq, values } = found;
  const bounds = after === undefined ? [] : [after];
  const next = after === undefined ? "" : `AND ${seq} ${sort === "oldest" ? ">" : "<"} ?`;
  const sql = `SELECT ${seq} AS seq ${from} WHERE ${where} AND ${seq} <= ? ${next} ORDER BY ${orderOf(sort, seq)} LIMIT ? OFFSET ?`;
  return store.all<{ seq: number }>(sql, ...values, top, ...bounds, limit, skip).map((row) => row.seq);
}

function orderOf(sort: Sort, seq: string): string {
  if (sort === "name") return "e.name, e.seq";
  if (sort === "size") return "e.size DESC, e.seq DESC";
  if (sort === "annotations") return "e.annotations DESC, e.seq DESC";
  return `${seq} ${sort === "oldest" ? "ASC" : "DESC"}`;
}

/** Counts the inputs that match the filters, up to the newest input of the listing. */
export function countFound(store: Store, filters: Filters, top: number): number {
  const found = queryOf(store, filters, "newest", { isWhole: true });
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
  const found = queryOf(store, filters, "newest", { needsEntries: true });
  if (found === undefined) return "[]";
  const { from, where, seq, values } = found;
  const sql = `SELECT '[' || group_concat('[' || seq || ',' || x || ',' || y || ']') || ']' AS points FROM (
    SELECT e.seq AS seq, round(e.longitude, 4) AS x, round(e.latitude, 4) AS y ${from}
    WHERE ${where} AND e.latitude IS NOT NULL ORDER BY ${seq} DESC LIMIT ?)`;
  return store.get<{ points: string | null }>(sql, ...values, limit)?.points ?? "[]";
}
