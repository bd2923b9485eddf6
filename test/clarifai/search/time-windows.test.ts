/** Cutting a search by time, against a model of a server: random times, random orders, and changes between the requests. */

import { describe, expect, it } from "vitest";
import type { TimeRange } from "../../../src/clarifai/search/query.js";
import { timeWindows } from "../../../src/clarifai/search/time-windows.js";

interface Hit {
  id: string;
  time: number;
}

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const now = Date.now() * 1000;

/** Reads all hits of the model; returns the ids in the order of reading, and the number of requests. */
async function readAll(
  hits: Hit[],
  options: { perPage: number; within?: TimeRange; before?: (request: number) => void },
) {
  const { perPage, within = {}, before } = options;
  let requests = 0;
  const windows = timeWindows<Hit>({
    perPage,
    within,
    keyOf: ({ id }) => id,
    timeOf: ({ time }) => time,
    async read({ start = 0, end = Number.POSITIVE_INFINITY }, page) {
      requests += 1;
      before?.(requests);
      return hits.filter(({ time }) => time >= start && time <= end).slice((page - 1) * perPage, page * perPage);
    },
  });
  const ids: string[] = [];
  for await (const page of windows) ids.push(...page.map(({ id }) => id));
  return { ids, requests };
}

const hitsOf = (times: readonly number[]) => times.map((time, n) => ({ id: `h${n}`, time }));
const sorted = (ids: readonly string[]) => ids.toSorted();
const idsOf = (hits: readonly Hit[]) => sorted(hits.map(({ id }) => id));

describe("timeWindows", () => {
  const random = randomFrom(3);
  const spread = (count: number, over: number) =>
    Array.from({ length: count }, () => now - Math.floor(random() * over));
  it.each<[string, number[], number]>([
    ["no hit", [], 4],
    ["exactly a page", spread(100, 1e9), 100],
    ["times over an hour", spread(20_000, 3.6e9), 1000],
    ["times over years, many pages", spread(5000, 1e14), 50],
    ["newest first", spread(5000, 1e12).sort((one, two) => two - one), 100],
    ["one burst in years", [...spread(30, 1e15), ...spread(3000, 1e6)], 100],
    ["one microsecond with more than a page", [...spread(300, 1e9), ...Array(250).fill(now - 5e8)], 20],
    ["all in one microsecond", Array(250).fill(now - 77), 20],
    ["neighbouring microseconds", Array.from({ length: 300 }, (_, n) => now - (n % 7)), 10],
    ["one hit on a page", spread(60, 1e9), 1],
    ["times in the future", spread(50, 1e9).map((time) => time + 1e12), 7],
  ])("reads each hit once: %s", async (_, times, perPage) => {
    const hits = hitsOf(times);
    const { ids } = await readAll(hits, { perPage });
    expect(sorted(ids)).toEqual(idsOf(hits));
  });

  it("reads the oldest range first", async () => {
    const hits = hitsOf(spread(2000, 1e10));
    const { ids } = await readAll(hits, { perPage: 100 });
    expect(ids).toEqual(hits.toSorted((one, two) => one.time - two.time).map(({ id }) => id));
  });

  it("needs about four requests for a page of hits: two for most, and two that find a range too long", async () => {
    for (const order of [spread(20_000, 1e12), spread(20_000, 1e12).sort(), spread(20_000, 1e12).sort().reverse()]) {
      const { requests } = await readAll(hitsOf(order), { perPage: 1000 });
      expect(requests).toBeLessThan(120);
    }
  });

  it("reads only the times that it is asked for, ends included", async () => {
    const hits = hitsOf(Array.from({ length: 500 }, (_, n) => now - 1000 + n));
    const within = { start: now - 900, end: now - 700 };
    const { ids } = await readAll(hits, { perPage: 10, within });
    expect(sorted(ids)).toEqual(idsOf(hits.filter(({ time }) => time >= now - 900 && time <= now - 700)));
  });

  it.each([1, 2, 3, 4, 5])("reads each hit once while hits change and disappear (%s)", async (seed) => {
    const chance = randomFrom(seed);
    const hits = hitsOf(spread(2000, 1e9));
    const gone = new Set<string>();
    let clock = now;
    const before = () => {
      for (let change = 0; change < 20; change += 1) {
        const hit = hits[Math.floor(chance() * hits.length)] as Hit;
        if (chance() < 0.1) {
          hits.splice(hits.indexOf(hit), 1);
          gone.add(hit.id);
        } else hit.time = clock += 1;
      }
    };
    const { ids } = await readAll(hits, { perPage: 50, before });
    expect(new Set(ids).size).toBe(ids.length);
    expect(sorted(ids.filter((id) => !gone.has(id)))).toEqual(idsOf(hits));
  });

  it("reads a page that a server returns shortened to its end", async () => {
    const hits = hitsOf(spread(300, 1e9));
    const windows = timeWindows<Hit>({
      perPage: 20,
      within: {},
      keyOf: ({ id }) => id,
      timeOf: ({ time }) => time,
      // The server drops every third hit of a page, and returns it on the next page of a shorter range.
      async read({ start = 0, end = Number.POSITIVE_INFINITY }, page) {
        return hits.filter(({ time }) => time >= start && time <= end).slice((page - 1) * 13, page * 13);
      },
    });
    const ids: string[] = [];
    for await (const page of windows) ids.push(...page.map(({ id }) => id));
    expect(sorted(ids)).toEqual(idsOf(hits));
  });
});
