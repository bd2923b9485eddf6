/** Searches inputs and annotations: filters select them, and ranks order them. */

import { isObject, type Json, type JsonObject } from "../../core/util/json/json-values.js";
import { microsecondsOf, timeOf } from "../../core/util/microseconds.js";
import type { AnnotationData, AnnotationRow, AppRow, Fields, InputRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { objectIn, objectsIn } from "../wire/lenient-json.js";
import { notSupported } from "../wire/refusals.js";
import {
  type Candidate,
  isWithin,
  matchesAnnotation,
  matchesInput,
  matchesLegacy,
  type ParsedAnnotation,
  type SearchContext,
} from "./filters.js";
import { ranksOf } from "./ranks.js";

/**
 * Returns the inputs that match all filters of a search, in the order in which they were added, or most similar first.
 *
 * The emulator has no model. Two images are similar if they are the same, and an input is similar to a concept if it is labelled with it.
 */
export function searchInputs(store: Store, app: AppRow, search: JsonObject): (InputRow & { score: number })[] {
  const context = contextOf(store, app, search);
  const query = objectIn(search.query);
  const filters = objectsIn(query.filters);
  const ands = objectsIn(query.ands);
  const ranks = ranksOf(context, query);
  const found = candidateRows(store, app, filters).flatMap((row) => {
    const candidate = candidateOf(store, row);
    const isMatch =
      filters.every((filter) => matchesFilter(context, candidate, filter) !== (filter.negate === true)) &&
      ands.every((and) => matchesLegacy(context, candidate, and) !== (and.negate === true));
    if (!isMatch) return [];
    const scores = ranks.map((rank) => rank(candidate));
    const score = scores.length === 0 ? 1 : scores.reduce((sum, one) => sum + one, 0) / scores.length;
    return score < Number(search.min_value ?? 0) ? [] : [{ ...row, score }];
  });
  return ranks.length === 0 ? found : found.sort((one, other) => other.score - one.score);
}

/** Returns the annotations that match all filters of a search, each with its input. */
export function searchAnnotations(
  store: Store,
  app: AppRow,
  search: JsonObject,
): { annotation: AnnotationRow; input: InputRow }[] {
  const context = contextOf(store, app, search);
  const query = objectIn(search.query);
  // The platform's SDK for Node sends an empty rank with each search. It compares with nothing.
  if (ranksOf(context, query).length > 0 || objectsIn(query.ands).length > 0) {
    throw notSupported("the emulator ranks inputs only; search for annotations with filters");
  }
  const filters = objectsIn(query.filters);
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  const found = rows.flatMap((input) => {
    const matches = candidateOf(store, input).annotations.filter((one) =>
      filters.every((filter) => {
        const isMatch = matchesFilter(context, { row: input, annotations: [one] }, filter);
        return isMatch !== (filter.negate === true);
      }),
    );
    return matches.map(({ row: annotation }) => ({ annotation, input }));
  });
  return found.sort((one, other) => one.annotation.seq - other.annotation.seq);
}

/**
 * Reads the inputs that may match, in the order in which they were added. Clients cut long searches by the time of the last change, so the rows of other times
 * are not even parsed.
 */
function candidateRows(store: Store, app: AppRow, filters: readonly JsonObject[]): InputRow[] {
  const filter = filters.find(
    (one) => one.negate !== true && objectIn(one.annotation).input_level === true && one.last_updated_time_range,
  );
  if (!filter) return store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  const { start_time: start, end_time: end } = objectIn(filter.last_updated_time_range);
  const bound = (time: Json | undefined) => (typeof time === "string" ? microsecondsOf(time) : undefined);
  // Stored times have one form, so that they can be compared as texts.
  const sql = `SELECT i.* FROM inputs i JOIN annotations a ON a.app = i.app AND a.input_id = i.id AND a.level = 1
    WHERE i.app = ? AND max(i.modified_at, a.modified_at) BETWEEN ? AND ? ORDER BY i.seq`;
  const [from, to] = [bound(start), bound(end)].map((time) => (time === undefined ? undefined : timeOf(time)));
  return store.all<InputRow>(sql, app.seq, from ?? "", to ?? "9999");
}

/** An input matches a filter if the input and at least one of its annotations match. */
function matchesFilter(context: SearchContext, candidate: Candidate, filter: JsonObject): boolean {
  const { annotation: expected, last_updated_time_range: range, input } = filter;
  if (!matchesInput(context, candidate, input)) return false;
  if (!isObject(expected) && !isObject(range)) return true;
  return candidate.annotations.some(
    (one) => isWithin(changedAt(one, candidate.row), range) && matchesAnnotation(context, one, expected),
  );
}

/** Returns when an annotation was changed. Patching an input changes its input-level annotation, too. */
function changedAt({ row }: ParsedAnnotation, input: InputRow): string {
  return row.level === 1 && input.modified_at > row.modified_at ? input.modified_at : row.modified_at;
}

/** Makes a candidate. Its annotations are read only if a filter needs them. */
function candidateOf(store: Store, row: InputRow): Candidate {
  let annotations: ParsedAnnotation[] | undefined;
  return {
    row,
    get annotations() {
      return (annotations ??= annotationsOf(store, row));
    },
  };
}

function annotationsOf(store: Store, row: InputRow): ParsedAnnotation[] {
  const sql = "SELECT * FROM annotations WHERE app = ? AND input_id = ? ORDER BY seq";
  return store.all<AnnotationRow>(sql, row.app, row.id).map((annotation) => ({
    row: annotation,
    data: annotation.level === 1 ? (JSON.parse(row.fields) as Fields) : (JSON.parse(annotation.data) as AnnotationData),
  }));
}

function contextOf(store: Store, app: AppRow, { as_of: asOf }: JsonObject): SearchContext {
  if (typeof asOf === "string" && Date.parse(asOf) < Date.now()) {
    throw notSupported(`as_of is ${asOf}; the emulator searches current data only; omit as_of`);
  }
  return { store, app, names: store.names(app.seq) };
}
