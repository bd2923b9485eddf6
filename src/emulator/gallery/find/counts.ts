/** Counts the inputs by kind, status, dataset and concept. The values of each follow the filters of the other three, and all other filters. */

import type { Kind } from "../../../core/input/kinds.js";
import type { AppRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { status } from "../../wire/status.js";
import { stateOf } from "../items.js";
import type { CountsShape } from "../shapes.js";
import { all, type Filters, kindConditions } from "./conditions.js";
import { type Query, queryOf } from "./query.js";

/** Target duration of one slice of work, in milliseconds. Between slices, the emulator answers other requests. */
const sliceMs = 10;
/** Inputs that the first slice covers. */
const firstSlice = 1000;
/** Most values of datasets and concepts, by count. */
const maxValues = 500;

type StateCounts = Map<string, { kind: Kind; code: number; count: number }>;
type TermCounts = Map<number, number>;

/** Counts the inputs. @param signal ends the work early, if nobody waits for it */
export async function countsOf(store: Store, app: AppRow, filters: Filters, signal: AbortSignal): Promise<CountsShape> {
  const without = (part: "kinds" | "statuses" | "datasets" | "concepts") =>
    filters[part]?.length ? { ...filters, [part]: [] } : filters;
  // Filters without a part are the same object if the part was empty, so its counts are made once.
  const made = new Map<Filters, Promise<TermCounts>>();
  const terms = async (field: "dataset" | "concept") => {
    const others = without(`${field}s`);
    const counts = made.get(others) ?? termCountsOf(store, others, signal);
    made.set(others, counts);
    return namedTerms(store, await counts, field);
  };
  const kinds = sumBy(await statesOf(store, without("kinds"), signal), ({ kind }) => kind);
  const codes = sumBy(await statesOf(store, without("statuses"), signal), ({ code }) => code);
  const names = store.names(app.seq);
  return {
    kinds: kinds.map(([kind, count]) => ({ kind, count })),
    statuses: codes.map(([code, count]) => ({ code, text: status(code).description, state: stateOf(code), count })),
    datasets: await terms("dataset"),
    concepts: (await terms("concept")).map(({ id, count }) => ({ id, name: names.get(id) ?? id, count })),
  };
}

/** Counts by kind and status. Filters by kind and status alone need no look at the inputs. */
async function statesOf(store: Store, filters: Filters, signal: AbortSignal): Promise<StateCounts> {
  const counts: StateCounts = new Map();
  const add = (rows: { kind: Kind; code: number; count: number }[]) => {
    for (const row of rows) {
      const key = `${row.kind} ${row.code}`;
      counts.set(key, { ...row, count: row.count + (counts.get(key)?.count ?? 0) });
    }
  };
  if (isByKindOnly(filters)) {
    const { where, values } = all({ sql: "e.app = ?", values: [filters.app] }, ...kindConditions(filters));
    add(store.all(`SELECT kind, status AS code, count FROM gallery_states e WHERE count > 0 AND ${where}`, ...values));
    return counts;
  }
  await inSlices(
    store,
    queryOf(store, filters, "newest", { needsEntries: true }),
    signal,
    ({ from, where, values }) => {
      const sql = `SELECT e.kind AS kind, e.status AS code, count(*) AS count ${from} WHERE ${where} GROUP BY e.kind, e.status`;
      add(store.all(sql, ...values));
    },
  );
  return counts;
}

/** Counts the terms of datasets and concepts, which have negative ids. */
async function termCountsOf(store: Store, filters: Filters, signal: AbortSignal): Promise<TermCounts> {
  const counts: TermCounts = new Map();
  const add = (rows: { term: number; count: number }[]) => {
    for (const { term, count } of rows) counts.set(term, count + (counts.get(term) ?? 0));
  };
  if (isByKindOnly(filters) && !filters.kinds?.length && !filters.statuses?.length) {
    add(store.all("SELECT id AS term, count FROM gallery_terms WHERE app = ? AND id < 0", filters.app));
    return counts;
  }
  await inSlices(store, queryOf(store, filters, "newest"), signal, ({ from, where, seq, values }) => {
    const sql = `SELECT o.term AS term, count(*) AS count FROM (SELECT ${seq} AS seq ${from} WHERE ${where}) m
      CROSS JOIN gallery_uses o INDEXED BY gallery_uses_seq ON o.seq = m.seq AND o.term < 0 GROUP BY o.term`;
    add(store.all(sql, ...values));
  });
  return counts;
}

function isByKindOnly({ datasets = [], concepts = [], key, value, search, area }: Filters): boolean {
  const hasTerms = datasets.length > 0 || concepts.length > 0 || (key !== undefined && value !== undefined);
  return !hasTerms && search === undefined && area === undefined;
}

/** Runs a query for one range of inputs after another. A selective query runs once. */
async function inSlices(store: Store, query: Query | undefined, signal: AbortSignal, work: (query: Query) => void) {
  if (!query) return;
  if (query.isSelective) return work(query);
  const ends = store.get<{ first: number; last: number }>(
    "SELECT coalesce(min(seq), 0) AS first, coalesce(max(seq), 0) AS last FROM gallery_entries",
  );
  const { first = 0, last = 0 } = ends ?? {};
  let width = firstSlice;
  for (let from = first; from <= last; ) {
    const start = performance.now();
    const range = all(
      { sql: query.where, values: query.values },
      { sql: `${query.seq} BETWEEN ? AND ?`, values: [from, from + width - 1] },
    );
    work({ ...query, ...range });
    from += width;
    const ms = performance.now() - start;
    width = Math.max(100, Math.round((width * sliceMs) / Math.max(ms, 1)));
    await new Promise((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}

function namedTerms(store: Store, counts: TermCounts, field: string): { id: string; count: number }[] {
  const sql = "SELECT id, value FROM gallery_terms WHERE field = ? AND id IN (SELECT value FROM json_each(?))";
  const terms = store.all<{ id: number; value: string }>(sql, field, JSON.stringify([...counts.keys()]));
  return terms
    .map(({ id, value }) => ({ id: value, count: counts.get(id) ?? 0 }))
    .sort((one, other) => other.count - one.count || (one.id < other.id ? -1 : 1))
    .slice(0, maxValues);
}

function sumBy<K>(states: StateCounts, keyOf: (state: { kind: Kind; code: number }) => K): [K, number][] {
  const sums = new Map<K, number>();
  for (const state of states.values()) sums.set(keyOf(state), (sums.get(keyOf(state)) ?? 0) + state.count);
  return [...sums];
}
