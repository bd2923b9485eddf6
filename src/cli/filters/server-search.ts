/** Decides whether a search answers a selection, and reads the rest from a listing if the search ends early. */

import type { App } from "../../clarifai/client/app.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { FlowError } from "../../core/errors.js";
import type { InputFilters } from "../../core/plugin/filter-options.js";
import type { ReadContext, Source, SourceItem } from "../../core/plugin/source.js";
import { printable } from "../../core/util/format/format.js";
import { IdSet } from "../../core/util/id-set.js";
import { writeNotice } from "../../core/util/notice.js";

/** Filters that make the hits of a search fewer. The server applies them itself. */
const serverSide = ["kinds", "concepts", "location", "status", "createdSince", "metadata"] as const;

/**
 * Whether a search finds exactly the inputs that a listing with the same filters has. A search knows indexed inputs only. So every input of the app must be
 * processed, or the filters must select processed ones; and the dataset must exist, since a search in an unknown dataset is no error.
 */
export async function canSearch(app: App, filters: InputFilters, dataset: string | undefined): Promise<boolean> {
  const { concepts, location, status } = filters.not ?? {};
  const narrows = serverSide.some((name) => filters[name] !== undefined) || hasPlainText(filters);
  if (!narrows && (concepts ?? location ?? status) === undefined) return false;
  if (dataset !== undefined && (await app.getDataset(dataset)) === undefined) return false;
  if (filters.status === statusCodes.INPUT_SUCCESS) return true;
  const { toProcess, processing, errors } = await app.countInputs();
  return toProcess + processing + errors === 0;
}

/** Whether metadata are compared with a text that is nothing else in JSON; the server compares only such texts. */
function hasPlainText({ metadataText = {} }: InputFilters): boolean {
  return Object.values(metadataText).some((text) => {
    try {
      JSON.parse(text);
      return false;
    } catch {
      return true;
    }
  });
}

/** Reads a search; if it cannot be continued, reads the inputs that it has not yielded from the listing, which has the same filters. */
export function foundOrListed(search: Source, listing: Source): Source {
  return {
    // The choice between both is no other flow.
    name: listing.name,
    async *read(context: ReadContext) {
      const seen = new IdSet();
      try {
        for await (const step of search.read(context)) {
          for (const { origin } of [step].flat() as SourceItem[]) seen.add(origin);
          yield step;
        }
        return;
      } catch (error) {
        context.signal.throwIfAborted();
        if (!(error instanceof FlowError)) throw error;
        writeNotice(`${printable(`sluice: the search cannot be used, so every input is listed (${error.message})`)}\n`);
      }
      for await (const step of listing.read(context)) {
        const left = ([step].flat() as SourceItem[]).filter(({ origin }) => seen.add(origin));
        if (left.length > 0) yield left;
      }
    },
  };
}
