/** Reads a listing whose pages have numbers, while its items are deleted or added. */

import { SourceError } from "../../core/errors.js";
import { IdSet } from "../../core/util/id-set.js";
import { limits } from "../limits.js";

/** Default number of items on a page, which is the API's own. */
export const defaultPerPage = 128;

/** So many pages in a row without a new item mean that the server does not end its listing with an empty page. */
const maxIdlePages = 100;
/** More pages than any listing has. */
const maxPages = 2 ** 40;

/** A listing of the API whose pages are requested by number, from 1. */
export interface NumberedListing<T> {
  read(page: number, perPage: number): Promise<T[]>;
  keyOf(item: T): string;
  /** Items on a page. Default: 128 in the first pass, 1000 after it. */
  perPage?: number | undefined;
}

/**
 * Yields every item of a listing once, page by page.
 *
 * An item that is deleted moves all later items one place forward, so the next page number skips some. Therefore the listing is read again until a
 * pass finds nothing new. Only the first pass reads forward. The later passes read backward: a deletion then moves unread items to pages that are
 * still to be read, and an item that is added in front of unread items is itself unread, so that the pass finds it and another pass follows. A listing
 * of a single page needs no second pass, because its page is read at one moment.
 *
 * @throws {SourceError} ERR_LISTING if the pages have no end
 */
export async function* numberedPages<T>(listing: NumberedListing<T>): AsyncGenerator<T[], void> {
  const { keyOf } = listing;
  const seen = new IdSet();
  const unseen = (items: readonly T[]) => items.filter((item) => seen.add(keyOf(item)));
  const firstSize = listing.perPage ?? defaultPerPage;
  const size = listing.perPage ?? limits.maxPerPage;

  let pages = 0;
  for (let idle = 0; ; pages += 1) {
    const items = await listing.read(pages + 1, firstSize);
    if (items.length === 0) break;
    const fresh = unseen(items);
    // A server that ignores the page number repeats its items.
    if (fresh.length === 0 && items.length < firstSize && pages > 0) break;
    idle = fresh.length > 0 ? 0 : idle + 1;
    if (idle === maxIdlePages) throw endless(pages + 1);
    yield fresh;
  }
  if (pages <= 1) return;

  const read = (page: number) => listing.read(page, size);
  for (let last = Math.ceil((pages * firstSize) / size), found = true; found; ) {
    found = false;
    last = await lastPage(read, last);
    for (let page = last; page >= 1; page -= 1) {
      const items = unseen(await read(page));
      if (items.length === 0) continue;
      found = true;
      yield items;
    }
  }
}

/** Finds the last page that has items, 0 if all pages are empty; `guess` is the last page of the reading before. */
async function lastPage<T>(read: (page: number) => Promise<T[]>, guess: number): Promise<number> {
  const isEmpty = async (page: number) => (await read(page)).length === 0;
  if (await isEmpty(1)) return 0;
  let some = 1;
  let none = Math.max(guess, 1) + 1;
  while (!(await isEmpty(none))) {
    if (none > maxPages) throw endless(none);
    some = none;
    none *= 2;
  }
  while (none - some > 1) {
    // The guess is right when nothing was deleted, which is the usual case.
    const middle = some < guess && guess < none ? guess : Math.floor((some + none) / 2);
    if (await isEmpty(middle)) none = middle;
    else some = middle;
  }
  return some;
}

function endless(page: number): SourceError {
  const text = `listInputs: the server answers page ${page}, which is beyond the end of the listing, with items of earlier pages; it cannot be read to its end`;
  return new SourceError("ERR_LISTING", text);
}
