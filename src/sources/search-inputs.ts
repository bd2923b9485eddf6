/** Source: the inputs of an app that a search finds. */

import * as z from "zod";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { limits } from "../clarifai/limits.js";
import { itemsOf, partsToRead } from "../clarifai/listing/items.js";
import { apiFiltersOf, rangeOf, timeFilters } from "../clarifai/search/query.js";
import { rankedPages, searchPages } from "../clarifai/search/search-pages.js";
import { readableItems } from "../clarifai/stored-content/readable-items.js";
import { OptionsError } from "../core/errors.js";
import { filterFields, filterNames, setFilters } from "../core/input/filter/filters.js";
import { defineSource } from "../core/plugin/define-source.js";
import type { InputFilters } from "../core/plugin/filter-options.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /**
   * A text. Yields only the `topK` inputs that are most similar to it, as the models of the app judge, the most similar first. Filters narrow the inputs
   * that are compared.
   */
  text: z.string().min(1).optional(),
  /** Maximum number of inputs for `text`, 1 to 1000. Default: 10. */
  topK: z.number().int().min(1).max(limits.maxPerPage).optional(),
  /** Least similarity for `text`, 0 to 1. Default: 0. */
  minScore: z.number().min(0).max(1).optional(),
  /** Inputs per request without `text`, 1 to 1000. Default: 1000. */
  perPage: z.number().int().min(1).max(limits.maxPerPage).default(limits.maxPerPage),
  /** Also reads the annotations of each found input. Default: false; true if a filter `has` names them, and if the flow has a `download`. */
  annotations: z.boolean().default(false),
};
const Options = z.strictObject({ ...filterFields, ...optionFields });
/** Options of `searchInputs`. */
export type SearchInputsOptions = InputFilters & OptionsOf<typeof optionFields>;

const defaultTopK = 10;

/** Filters that the API does not have. */
const clientSide = ["metadataText", "has", "minBytes", "maxBytes"] as const;

/**
 * Searches the inputs of an app with the filters of the API, which the server applies. An input must pass all filters; `not` excludes.
 *
 * Every input that matches during the whole search is yielded once, even while this flow or another process changes or deletes what it finds. The order is
 * that of the last change, oldest first; with `text`, most similar first.
 *
 * The API returns a limited number of hits for one search. The source therefore cuts the search by the time of the last change, so that each part fits on one
 * page. Only if more inputs than the limit were changed in one microsecond, the run rejects (ERR_SEARCH_LIMIT). Inputs that match only after they were
 * passed are found if their last change is later; a changed dataset does not count as a change of its inputs.
 *
 * The source checks what the records of hits show (kind, metadata, location, status, times), so metadata, distances and borders mean the same as in
 * `listInputs` and `filterInputs`. For `concepts` and `datasets`, it relies on the server, unless the flow reads annotations or datasets. The API has no
 * filter like `has`, `minBytes` and `maxBytes`; the source reads the annotations, datasets or sizes of the inputs that pass the other filters. A search does not find an input before the platform has
 * indexed it.
 *
 * @throws {OptionsError} ERR_OPTIONS, also for a filter whose value is undefined
 * @throws {ApiError} (the run rejects) when the search is refused
 * @throws {SourceError} (the run rejects) ERR_SEARCH_LIMIT
 * @example
 * const unlabelled = searchInputs(app, { kinds: ["image"], metadata: { split: "train" }, not: { has: ["annotations"] } });
 * await flow(unlabelled).pipe(download("./to-annotate")).run();
 */
export const searchInputs = defineSource({
  name: "searchInputs",
  parse(app: App, options: SearchInputsOptions = {}) {
    checkApp("searchInputs", app);
    const checked = parseOptions("searchInputs", Options, options, [...filterNames, "text"]);
    const needsText = (["topK", "minScore"] as const).find((name) => checked[name] !== undefined);
    if (needsText && checked.text === undefined) {
      const text = `searchInputs: ${needsText} needs text; without it, a search finds all inputs that pass the filters`;
      throw new OptionsError("ERR_OPTIONS", text);
    }
    return { app, ...checked };
  },
  from: ({ app }) => app.address,
  total: ({ app, text, ...options }, { signal }) => {
    const filters = setFilters(options);
    const query = { filters: [...apiFiltersOf(filters), ...timeFilters(rangeOf(filters))] };
    const isExact = clientSide.every((name) => options[name] === undefined) && options.not?.has === undefined;
    return text === undefined && isExact ? app.countFound(query, signal) : undefined;
  },
  async *read({ app, text, topK = defaultTopK, minScore, ...options }, context) {
    const { signal, trust } = context;
    trust?.((url) => app.authorize(url));
    context.pace?.(app.transport);
    const filters = setFilters(options);
    const { has, minBytes, maxBytes, not } = filters;
    const pages =
      text === undefined
        ? searchPages(app, filters, options.perPage, signal)
        : rankedPages(app, filters, { text, perPage: topK, minScore }, signal);
    // The server applies filters by concepts and datasets; their parts of the record are read if something else asks for them.
    const looking = { has, minBytes, maxBytes, ...(not?.has && { not: { has: not.has } }) };
    const parts = partsToRead({ annotations: options.annotations }, looking, context);
    // Of the most similar inputs, each shard takes its own.
    const limit = text === undefined ? { isOtherShard: context.isOtherShard } : { maxItems: topK };
    const items = itemsOf(app, pages, { filters, parts, ...limit }, signal);
    yield* context.readsContents ? readableItems(app, items, context) : items;
  },
});
