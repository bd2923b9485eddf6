/** Reads the inputs that a search finds: all of them, or the ones that are most similar to a text. */

import { SourceError } from "../../core/errors.js";
import type { Filters } from "../../core/input/filter/filters.js";
import { IdSet } from "../../core/util/id-set.js";
import { microsecondsOf, timeOf } from "../../core/util/microseconds.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { Page } from "../listing/items.js";
import type { WireInput } from "../wire/decode-answers.js";
import { apiFiltersOf, rangeOf, type TimeRange, timeFilters } from "./query.js";
import { timeWindows } from "./time-windows.js";

/** Reads all inputs that the filters may pass. @throws {SourceError} ERR_SEARCH_LIMIT */
export async function* searchPages(
  app: App,
  filters: Filters,
  perPage: number,
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  const fixed = apiFiltersOf(filters);
  const windows = timeWindows<WireInput>({
    perPage,
    within: rangeOf(filters),
    keyOf: ({ id }) => id,
    timeOf: ({ modifiedAt, createdAt }) => microsecondsOf(modifiedAt ?? createdAt),
    async read(range, page) {
      try {
        return await app.searchInputs({ filters: [...fixed, ...timeFilters(range)] }, { page, perPage, signal });
      } catch (error) {
        if (!(error instanceof ApiError) || error.retryable || page < 3) throw error;
        throw overLimit(range, (page - 1) * perPage, error);
      }
    },
  });
  for await (const inputs of windows) yield { inputs };
}

/** Reads pages of the inputs that are most similar to a text, the most similar first, as far as the server returns them. */
export async function* rankedPages(
  app: App,
  filters: Filters,
  ranking: { text: string; perPage: number; minScore: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<Page, void> {
  const { text, perPage, minScore } = ranking;
  const query = {
    filters: [...apiFiltersOf(filters), ...timeFilters(rangeOf(filters))],
    ranks: [{ annotation: { data: { text: { raw: text } } } }],
    minScore,
  };
  const seen = new IdSet();
  for (let page = 1, fresh = 1; fresh > 0; page += 1) {
    const inputs = await app.searchInputs(query, { page, perPage, signal }).catch((error: unknown) => {
      if (error instanceof ApiError && !error.retryable && page > 1) return []; // the limit of a search
      throw error;
    });
    const unseen = inputs.filter(({ id }) => seen.add(id));
    fresh = unseen.length;
    yield { inputs: unseen };
  }
}

function overLimit({ start = 0 }: TimeRange, found: number, cause: ApiError): SourceError {
  const which = `more than ${found} inputs match, and all were last changed at ${timeOf(start)}`;
  const next = "the search cannot be cut further; use the same filters with listInputs, which reads every input";
  return new SourceError("ERR_SEARCH_LIMIT", `searchInputs: ${which} (${cause.message}); ${next}`, { cause });
}
