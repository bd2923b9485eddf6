/** The calls for searches, added to those for dataset versions. */

import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { listOf, type WireInput, wireInput } from "../../wire/decode-answers.js";
import type { PageOptions } from "../app-types.js";
import { DatasetVersionCalls } from "./dataset-version-calls.js";

/** A search in the form of the API. */
export interface SearchQuery {
  /** All of them must hold. */
  filters: readonly JsonObject[];
  /** What the inputs are compared with; the most similar come first. */
  ranks?: readonly JsonObject[] | undefined;
  /** Least score of a hit, 0 to 1. */
  minScore?: number | undefined;
}

export class SearchCalls extends DatasetVersionCalls {
  /** Returns one page of the inputs that a search finds. */
  async searchInputs(query: SearchQuery, options: PageOptions = {}): Promise<WireInput[]> {
    const { page, perPage, signal } = options;
    const json = { searches: [searchOf(query)], pagination: { page, per_page: perPage } };
    const answer = await this.call("POST", "/inputs/searches", { json, idempotent: true, signal });
    return (listOf(answer.json, "hits") ?? []).map(({ input }) => wireInput(isObject(input) ? input : {}));
  }

  /** Returns how many inputs a search finds, as the server estimates it; undefined if the answer has no number. */
  async countFound(query: SearchQuery, signal?: AbortSignal): Promise<number | undefined> {
    const json = { searches: [searchOf(query)], only_count: true };
    const answer = await this.call("POST", "/inputs/searches", { json, idempotent: true, signal });
    const [count] = listOf(answer.json, "hit_counts") ?? [];
    return count && Number(count.estimated_total ?? 0);
  }
}

function searchOf({ filters, ranks, minScore }: SearchQuery): object {
  return { query: { filters, ranks }, ...(minScore === undefined ? {} : { min_value: minScore }) };
}
