/** Answers about listings of inputs: a page, the numbers in a part, and the newest input. */

import type { MediaFiles } from "../media/media-files.js";
import type { AppRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { countFound, findPage } from "./find-inputs.js";
import { itemsOf } from "./items.js";
import { filtersOf, positionOf, wholeNumber } from "./parameters.js";
import type { PageShape, SeqsShape } from "./shapes.js";

/** Numbers in one answer. */
const maxSeqs = 100_000;

/** Returns a page of the grid. */
export function pageOf(store: Store, files: MediaFiles, app: AppRow, parameters: URLSearchParams): PageShape {
  const filters = filtersOf(parameters, app.seq);
  const position = positionOf(parameters, () => newestOf(store, app));
  const { top, after, skip, limit } = position;
  const seqs = findPage(store, filters, position);
  const items = itemsOf(store, files, app, seqs);
  if (after !== undefined) return { items, top }; // The client has the count from the first page.
  const isLast = seqs.length < limit && (seqs.length > 0 || skip === 0);
  return { items, top, total: isLast ? skip + seqs.length : countFound(store, filters, top) };
}

/** Returns the numbers of the inputs in a part of a listing, so that the page can select them. */
export function seqsOf(store: Store, app: AppRow, parameters: URLSearchParams): SeqsShape {
  const limit = Math.min(wholeNumber(parameters.get("limit")) ?? maxSeqs, maxSeqs);
  const position = { ...positionOf(parameters, () => newestOf(store, app)), limit };
  return { seqs: findPage(store, filtersOf(parameters, app.seq), position) };
}

/** Returns the number of the newest input. */
export function newestOf(store: Store, { seq }: AppRow): number {
  const sql = "SELECT seq FROM gallery_entries NOT INDEXED WHERE app = ? ORDER BY seq DESC LIMIT 1";
  return store.get<{ seq: number }>(sql, seq)?.seq ?? 0;
}

/** Returns the number of the input that the parameters name, by its number or by its id. */
export function seqOf(store: Store, app: AppRow, parameters: URLSearchParams): number {
  const id = parameters.get("id");
  if (id === null) return wholeNumber(parameters.get("seq")) ?? 0;
  const sql = "SELECT seq FROM inputs WHERE app = ? AND id = ?";
  return store.get<{ seq: number }>(sql, app.seq, id)?.seq ?? 0;
}
