/** Searching inputs and annotations: filters that must all hold, and ranks that order what is found. */

import { isObject, objectsIn } from "../server/incoming.js";
import { Refusal } from "../server/status.js";
import type { AnnotationData, AnnotationRow, AppRow, Fields, InputRow, JsonObject } from "../store/model.js";
import type { Store } from "../store/store.js";
import {
  annotationHolds,
  type Candidate,
  inputHolds,
  isWithin,
  legacyHolds,
  type Said,
  type SearchContext,
} from "./filters.js";
import { ranksOf } from "./ranks.js";

/**
 * Inputs for which all filters of a search hold, in the order in which they were added, or by their ranks. This store has no model: an image is
 * like another when it is the same, and an input is as like a concept as it is labelled with it.
 */
export function searchInputs(store: Store, app: AppRow, search: JsonObject): (InputRow & { score: number })[] {
  const context = contextOf(store, app, search);
  const query = isObject(search.query) ? search.query : {};
  const filters = objectsIn(query.filters);
  const ands = objectsIn(query.ands);
  const ranks = ranksOf(context, query);
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  const found = rows.flatMap((row) => {
    const candidate = candidateOf(store, row);
    const holds =
      filters.every((filter) => filterHolds(context, candidate, filter) !== (filter.negate === true)) &&
      ands.every((and) => legacyHolds(context, candidate, and) !== (and.negate === true));
    if (!holds) return [];
    const scores = ranks.map((rank) => rank(candidate));
    const score = scores.length === 0 ? 1 : scores.reduce((sum, one) => sum + one, 0) / scores.length;
    return score < Number(search.min_value ?? 0) ? [] : [{ ...row, score }];
  });
  return ranks.length === 0 ? found : found.sort((one, other) => other.score - one.score);
}

/** Annotations for which, each by itself, all filters of a search hold, with their inputs. */
export function searchAnnotations(
  store: Store,
  app: AppRow,
  search: JsonObject,
): { annotation: AnnotationRow; input: InputRow }[] {
  const context = contextOf(store, app, search);
  const query = isObject(search.query) ? search.query : {};
  if (objectsIn(query.ranks).length > 0 || objectsIn(query.ands).length > 0) {
    throw new Refusal(10040, "the emulator ranks inputs only; search for annotations with filters");
  }
  const filters = objectsIn(query.filters);
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  const found = rows.flatMap((input) => {
    const { said } = candidateOf(store, input);
    const own = said.filter((one) =>
      filters.every((filter) => {
        const holds = filterHolds(context, { row: input, said: [one] }, filter);
        return holds !== (filter.negate === true);
      }),
    );
    return own.map(({ row: annotation }) => ({ annotation, input }));
  });
  return found.sort((one, other) => one.annotation.seq - other.annotation.seq);
}

/** A filter holds for an input when it holds for the input and for one of its annotations. */
function filterHolds(context: SearchContext, candidate: Candidate, filter: JsonObject): boolean {
  const { annotation: wanted, last_updated_time_range: range, input } = filter;
  if (!inputHolds(context, candidate, input)) return false;
  if (!isObject(wanted) && !isObject(range)) return true;
  return candidate.said.some(
    (one) => isWithin(changedAt(one, candidate.row), range) && annotationHolds(context, one, wanted),
  );
}

/** Patching an input changes its input-level annotation. */
function changedAt({ row }: Said, input: InputRow): string {
  return row.level === 1 && input.modified_at > row.modified_at ? input.modified_at : row.modified_at;
}

/** An input whose annotations are read when a filter asks for them. */
function candidateOf(store: Store, row: InputRow): Candidate {
  let said: Said[] | undefined;
  return {
    row,
    get said() {
      return (said ??= saidOf(store, row));
    },
  };
}

function saidOf(store: Store, row: InputRow): Said[] {
  const sql = "SELECT * FROM annotations WHERE app = ? AND input_id = ? ORDER BY seq";
  return store.all<AnnotationRow>(sql, row.app, row.id).map((annotation) => ({
    row: annotation,
    data: annotation.level === 1 ? (JSON.parse(row.fields) as Fields) : (JSON.parse(annotation.data) as AnnotationData),
  }));
}

function contextOf(store: Store, app: AppRow, { as_of: asOf }: JsonObject): SearchContext {
  if (typeof asOf === "string" && Date.parse(asOf) < Date.now()) {
    throw new Refusal(10040, `as_of is ${asOf}; the emulator keeps no past states`);
  }
  return { store, app, names: store.names(app.seq) };
}
