/** Reads all hits of a search, range of time by range of time, although a search returns a limited number of hits. */

import { IdSet } from "../../core/util/id-set.js";
import { numberedPages } from "../listing/numbered-pages.js";
import type { TimeRange } from "./query.js";

/** A search whose hits have a time that only moves forward. */
export interface TimedSearch<T> {
  /** Reads one page of the hits in a range. */
  read(range: TimeRange, page: number): Promise<T[]>;
  /** Hits on a page. */
  perPage: number;
  /** Ranges outside of it are not read. */
  within: TimeRange;
  /** Returns the time of a hit, in microseconds. It only decides how ranges are cut. */
  timeOf(hit: T): number | undefined;
  keyOf(hit: T): string;
}

/** Share of a page that a range is expected to fill. */
const fill = 0.7;
const day = 24 * 3600 * 1_000_000;

/**
 * Yields every hit once, the oldest ranges first.
 *
 * A range whose hits fit on one page is read at one moment, so a hit that changes or disappears meanwhile moves no other one to a page that was already read.
 * A range with more hits is cut. A hit that changes moves to a later range, which is still to be read; the last range is open. If the hits of one microsecond
 * do not fit on a page, their pages are read by number.
 */
export async function* timeWindows<T>(search: TimedSearch<T>): AsyncGenerator<T[], void> {
  const { read, perPage, within, timeOf, keyOf } = search;
  const seen = new IdSet();
  const unseen = (hits: readonly T[]) => hits.filter((hit) => seen.add(keyOf(hit)));
  // Ends of the ranges that are to be read, the next one last. Undefined: the open end.
  const ends: (number | undefined)[] = [within.end];
  let { start } = within;
  let full = 0;
  while (ends.length > 0) {
    const end = ends.at(-1);
    const from = start ?? 0;
    const to = end ?? Math.max(Date.now() * 1000, from) + day;
    const range = { start, end };
    const hits = await read(range, 1);
    // A server may return fewer hits than it has, for example because it drops repeated inputs of a page.
    const isWhole = hits.length === 0 || (hits.length < perPage && (await read(range, 2)).length === 0);
    if (!isWhole && to > from) {
      full += 1;
      ends.push(cutOf(hits.map(timeOf), from, to, full));
      continue;
    }
    full = 0;
    if (isWhole) yield unseen(hits.toSorted((one, other) => (timeOf(one) ?? 0) - (timeOf(other) ?? 0)));
    else for await (const page of numberedPages({ read: (at) => read(range, at), keyOf, perPage })) yield unseen(page);
    ends.pop();
    if (ends.length === 0) return;
    const first = start ?? Math.min(...hits.map((hit) => timeOf(hit) ?? from));
    start = to + 1;
    const next = isWhole && hits.length > 0 ? to + Math.ceil(((to - first) * perPage * fill) / hits.length) : undefined;
    if (next !== undefined && next < (ends.at(-1) ?? Date.now() * 1000)) ends.push(next);
  }
}

/** Returns the end of the first part of a range with too many hits. If a first cut did not suffice, the hits are unevenly distributed, and the range is halved. */
function cutOf(times: readonly (number | undefined)[], from: number, to: number, attempt: number): number {
  const inside = times.filter((time) => time !== undefined && time >= from && time < to) as number[];
  inside.sort((one, other) => one - other);
  const half = from + Math.floor((to - from) / 2);
  const [lowest] = inside;
  const likely = inside[Math.floor(inside.length * fill)] ?? half;
  // If the hits of the page have the same time, the range before it is separated from them, and then that time from the rest.
  const cut = likely === lowest && lowest > from ? lowest - 1 : likely;
  return attempt === 1 ? cut : Math.min(cut, half);
}
