/** Chooses how to find inputs: it begins with the rarest of the filters, and checks the others for each of its inputs. */

import type { SqlValue } from "../../store/driver.js";
import type { Store } from "../../store/store.js";
import type { Sort } from "../shapes.js";
import { all, type Condition, entryConditions, type Filters, isOneOf, kindConditions, termsOf } from "./conditions.js";
import { countMatches, type WordSearch, wordSearch } from "./search-words.js";

/** A query of the inputs that match. */
export interface Query {
  from: string;
  where: string;
  /** The column with the numbers of the inputs. */
  seq: string;
  values: SqlValue[];
  /** Number of inputs that match, if the index knows it. */
  known?: number | undefined;
  /** It looks at few inputs. */
  isSelective?: boolean;
}

/** Terms of which an input must have one. */
interface TermGroup {
  ids: number[];
  /** Most inputs that have one. */
  count: number;
}

/** What is known about the filters before a query is made. */
interface Facts {
  store: Store;
  filters: Filters;
  sort: Sort;
  groups: TermGroup[];
  search: WordSearch | undefined;
  /** Conditions on kind, status and location. */
  conditions: Condition[];
  /** The kinds and statuses of the filters that inputs have, and the numbers of those inputs and of all. */
  kinds: string[];
  codes: number[];
  matching: number;
  total: number;
}

/** A filter is selective if fewer than one in this many inputs match. */
const selectiveShare = 8;

/** The index of the entries that has an order. */
const orderIndexes: Record<Sort, string> = {
  newest: "NOT INDEXED",
  oldest: "NOT INDEXED",
  name: "INDEXED BY gallery_names",
  size: "INDEXED BY gallery_sizes",
  annotations: "INDEXED BY gallery_drawings",
};

interface QueryOptions {
  /** The query uses columns of the entries `e`. */
  needsEntries?: boolean;
  /** All inputs that match are read, and not only the first ones. */
  isWhole?: boolean;
}

/** Makes a query. Undefined: no input has one of the terms. */
export function queryOf(store: Store, filters: Filters, sort: Sort, options: QueryOptions = {}): Query | undefined {
  const { needsEntries = false, isWhole = false } = options;
  const facts = factsOf(store, filters, sort);
  if (!facts) return undefined;
  const { groups, search, matching, total } = facts;
  const isSelective = (count: number) => count * selectiveShare < total;
  const isBySeq = sort === "newest" || sort === "oldest";
  const [rarest] = groups;
  if (rarest && isSelective(rarest.count)) {
    return { ...usesQuery(facts, rarest, needsEntries || !isBySeq), isSelective: true };
  }
  if (isSelective(matching)) {
    // The kinds and codes that exist lead to their parts of the index, which "not ready" does not.
    const parts = [isOneOf("e.kind", facts.kinds), isOneOf("e.status", facts.codes)];
    const some = { ...facts, conditions: [...parts, ...facts.conditions] };
    return { ...entriesQuery(some, "INDEXED BY gallery_kinds"), isSelective: true };
  }
  if (search) {
    const limit = Math.ceil(total / selectiveShare);
    const isRare = () => search.match !== undefined && countMatches(store, search.match, limit) < limit;
    if (isBySeq || isRare()) return textsQuery(facts, search, needsEntries || !isBySeq);
  }
  if (rarest && isBySeq && (rarest.ids.length === 1 || (isWhole && rarest.count < total)))
    return usesQuery(facts, rarest, needsEntries);
  return entriesQuery(facts, orderIndexes[sort]);
}

function factsOf(store: Store, filters: Filters, sort: Sort): Facts | undefined {
  const groups = termsOf(filters).map(([field, values]): TermGroup => {
    const { sql, values: bound } = isOneOf("value", values);
    const rows = store.all<{ id: number; count: number }>(
      `SELECT id, count FROM gallery_terms WHERE app = ? AND field = ? AND ${sql}`,
      ...[filters.app, field, ...bound],
    );
    return { ids: rows.map(({ id }) => id), count: rows.reduce((sum, { count }) => sum + count, 0) };
  });
  if (groups.some(({ ids }) => ids.length === 0)) return undefined;
  groups.sort((one, other) => one.count - other.count);
  const { where, values } = all({ sql: "e.app = ?", values: [filters.app] }, ...kindConditions(filters));
  const sql = `SELECT kind, status, count FROM gallery_states e WHERE count > 0 AND ${where}`;
  const states = store.all<{ kind: string; status: number; count: number }>(sql, ...values);
  const whole = store.get<{ total: number | null }>(
    "SELECT sum(count) AS total FROM gallery_states WHERE app = ?",
    filters.app,
  );
  return {
    ...{ store, filters, sort, groups },
    search: wordSearch(store, filters.search),
    conditions: entryConditions(filters),
    kinds: [...new Set(states.map(({ kind }) => kind))],
    codes: [...new Set(states.map(({ status }) => status))],
    matching: states.reduce((sum, { count }) => sum + count, 0),
    total: whole?.total ?? 0,
  };
}

/** Begins with the inputs that have one of some terms. */
function usesQuery({ groups, search, conditions }: Facts, group: TermGroup, needsEntries: boolean): Query {
  const others = groups.filter((other) => other !== group);
  const isJoined = needsEntries || conditions.length > 0;
  const isOne = group.ids.length === 1;
  const isTerm = isOneOf("u.term", group.ids);
  const uses = isOne ? "gallery_uses u" : `(SELECT DISTINCT u.seq AS seq FROM gallery_uses u WHERE ${isTerm.sql}) u`;
  const found = all(
    isOne ? isTerm : { sql: "true", values: isTerm.values },
    ...others.map((other) => hasOneOf(other, "u.seq")),
    ...(search ? [hasWords(search, "u.seq")] : []),
    ...conditions,
  );
  return {
    from: `FROM ${uses} ${isJoined ? "CROSS JOIN gallery_entries e ON e.seq = u.seq" : ""}`,
    seq: "u.seq",
    known: isOne && !isJoined && others.length === 0 && !search ? group.count : undefined,
    ...found,
  };
}

/** Begins with the inputs that the index of words finds, or with all texts. The index also has deleted inputs and those of other apps. */
function textsQuery(
  { filters, groups, conditions }: Facts,
  { match, check }: WordSearch,
  needsEntries: boolean,
): Query {
  const isJoined = needsEntries || conditions.length > 0;
  const texts =
    match === undefined ? "gallery_texts t" : "gallery_search s CROSS JOIN gallery_texts t ON t.seq = s.rowid";
  const seq = match === undefined ? "t.seq" : "s.rowid";
  return {
    from: `FROM ${texts} ${isJoined ? `CROSS JOIN gallery_entries e ON e.seq = ${seq}` : ""}`,
    seq,
    ...all(
      ...(match === undefined ? [] : [{ sql: "s.gallery_search MATCH ?", values: [match] }]),
      { sql: "t.app = ?", values: [filters.app] },
      ...conditions,
      ...groups.map((group) => hasOneOf(group, seq)),
      check,
    ),
  };
}

/** Reads the entries in the order of an index. */
function entriesQuery({ filters, groups, search, conditions, matching }: Facts, index: string): Query {
  const others = [...groups.map((group) => hasOneOf(group, "e.seq")), ...(search ? [hasWords(search, "e.seq")] : [])];
  return {
    from: `FROM gallery_entries e ${index}`,
    seq: "e.seq",
    known: others.length === 0 && filters.area === undefined ? matching : undefined,
    ...all({ sql: "e.app = ?", values: [filters.app] }, ...conditions, ...others),
  };
}

function hasOneOf({ ids }: TermGroup, seq: string): Condition {
  const { sql, values } = isOneOf("o.term", ids);
  return { sql: `EXISTS (SELECT 1 FROM gallery_uses o WHERE ${sql} AND o.seq = ${seq})`, values };
}

function hasWords({ check }: WordSearch, seq: string): Condition {
  return { sql: `EXISTS (SELECT 1 FROM gallery_texts t WHERE t.seq = ${seq} AND ${check.sql})`, values: check.values };
}
