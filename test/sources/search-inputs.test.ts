/** Searches: every filter, and every pair of filters, finds what a plain filter over the full listing gives. */

import { take } from "rxjs";
import { beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import {
  ApiError,
  type App,
  batch,
  connect,
  download,
  filterInputs,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  type InputFilters,
  listInputs,
  patch,
  remove,
  searchInputs,
  transform,
  upload,
} from "../../src/index.js";
import { isLong } from "../helpers/long.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

/** A generator of pseudo-random numbers from 0 to 1, the same for each seed. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** Makes inputs of random kinds with random concepts, metadata, locations, datasets and annotations. */
function randomInputs(count: number, seed: number): InputDraft[] {
  const random = randomFrom(seed);
  const one = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const some = <T>(values: readonly T[]) => values.filter(() => random() < 0.4);
  return Array.from({ length: count }, (_, n) => ({
    id: `i${n}`,
    ...(random() < 0.3 ? { image: { bytes: Buffer.concat([png, Buffer.from(`${n}`)]) } } : {}),
    text: `text ${n}`,
    concepts: some(["dog", "cat", "cow"]).map((id) => ({ id, name: id, value: one([1, 1, 0]) })),
    metadata: {
      split: one(["train", "test"]),
      year: one([2025, 2026]),
      cam: { iso: one([100, 200]), tags: some(["a", "b"]) },
    },
    ...(random() < 0.7
      ? { geo: { longitude: one([13.4, 13.5, -179.9, 179.9]), latitude: one([52.5, 52.4, -17]) } }
      : {}),
    datasets: some(["one", "two", "three"]),
    annotations: some(["dog", "crowd"]).map((id) => ({ box: [0.1, 0.1, 0.5, 0.5] as never, concepts: [{ id }] })),
  }));
}

const hasConcept = (id: string) => (input: Input) =>
  [input.concepts, ...input.annotations.map((one) => one.concepts)]
    .flat()
    .some((c) => c.id === id && (c.value ?? 1) >= 0.5);
const near = (longitude: number, latitude: number) => (input: Input) =>
  input.geo !== undefined &&
  Math.abs(input.geo.longitude - longitude) < 0.01 &&
  Math.abs(input.geo.latitude - latitude) < 0.01;
const tagsOf = (input: Input) => (input.metadata.cam as { tags: string[] }).tags.join();

/** Filters, each with what it says in plain code. The middle time is one between the first and the last upload. */
const cases: [string, (middle: string) => InputFilters, (input: Input, middle: string) => boolean][] = [
  ["an image", () => ({ kinds: ["image"] }), (i) => i.image !== undefined],
  ["a text", () => ({ kinds: ["text"] }), (i) => i.image === undefined],
  ["image or video", () => ({ kinds: ["image", "video"] }), (i) => i.image !== undefined],
  ["a concept", () => ({ concepts: ["dog"] }), hasConcept("dog")],
  ["two concepts", () => ({ concepts: ["dog", "cat"] }), (i) => hasConcept("dog")(i) && hasConcept("cat")(i)],
  ["a concept of annotations", () => ({ concepts: ["crowd"] }), hasConcept("crowd")],
  ["metadata", () => ({ metadata: { split: "train" } }), (i) => i.metadata.split === "train"],
  [
    "two keys of metadata",
    () => ({ metadata: { split: "train", year: 2026 } }),
    (i) => i.metadata.split === "train" && i.metadata.year === 2026,
  ],
  [
    "metadata inside metadata",
    () => ({ metadata: { cam: { iso: 200 } } }),
    (i) => (i.metadata.cam as { iso: number }).iso === 200,
  ],
  ["a list in metadata", () => ({ metadata: { cam: { tags: ["a"] } } }), (i) => tagsOf(i) === "a"],
  ["a circle", () => ({ location: { longitude: 13.4, latitude: 52.5, withinKm: 1 } }), near(13.4, 52.5)],
  [
    "a wider circle",
    () => ({ location: { longitude: 13.4, latitude: 52.5, withinKm: 12 } }),
    (i) => near(13.4, 52.5)(i) || near(13.4, 52.4)(i) || near(13.5, 52.5)(i),
  ],
  [
    "a box with the location on its border",
    () => ({ location: { west: 13.4, south: 52.4, east: 13.45, north: 52.5 } }),
    (i) => near(13.4, 52.5)(i) || near(13.4, 52.4)(i),
  ],
  [
    "a box across the 180th meridian",
    () => ({ location: { west: 179, south: -20, east: -179, north: 60 } }),
    (i) => i.geo !== undefined && Math.abs(i.geo.longitude) > 179,
  ],
  ["a dataset", () => ({ datasets: ["one"] }), (i) => i.datasets.includes("one")],
  [
    "one of two datasets",
    () => ({ datasets: ["one", "two"] }),
    (i) => i.datasets.includes("one") || i.datasets.includes("two"),
  ],
  ["a status", () => ({ status: 30000 }), (i) => i.status?.code === 30000],
  [
    "metadata as text, of a text and of a number",
    () => ({ metadataText: { split: "train", year: "2026" } }),
    (i) => i.metadata.split === "train" && i.metadata.year === 2026,
  ],
  [
    "annotations and a location",
    () => ({ has: ["annotations", "geo"] }),
    (i) => i.annotations.length > 0 && i.geo !== undefined,
  ],
  ["concepts of its own", () => ({ has: ["concepts"] }), (i) => i.concepts.length > 0],
  ["a dataset, whichever", () => ({ has: ["datasets"] }), (i) => i.datasets.length > 0],
  [
    "no annotations and no location",
    () => ({ not: { has: ["annotations", "geo"] } }),
    (i) => i.annotations.length === 0 && i.geo === undefined,
  ],
  ["no dataset", () => ({ not: { has: ["datasets"] } }), (i) => i.datasets.length === 0],
  ["changed since", (m) => ({ updatedSince: m }), (i, m) => (i.modifiedAt ?? "") >= m],
  ["changed before", (m) => ({ updatedBefore: m }), (i, m) => (i.modifiedAt ?? "") < m],
  ["added since", (m) => ({ createdSince: m }), (i, m) => (i.createdAt ?? "") >= m],
  ["added before", (m) => ({ createdBefore: m }), (i, m) => (i.createdAt ?? "") < m],
  [
    "not any of two concepts",
    () => ({ not: { concepts: ["cat", "crowd"] } }),
    (i) => !hasConcept("cat")(i) && !hasConcept("crowd")(i),
  ],
  [
    "not any of two keys of metadata",
    () => ({ not: { metadata: { split: "test", cam: { tags: ["a"] } } } }),
    (i) => i.metadata.split !== "test" && tagsOf(i) !== "a",
  ],
  [
    "not in an area",
    () => ({ not: { location: { longitude: 13.4, latitude: 52.5, withinKm: 1 } } }),
    (i) => !near(13.4, 52.5)(i),
  ],
  [
    "not in any of two datasets",
    () => ({ not: { datasets: ["two", "three"] } }),
    (i) => !i.datasets.some((d) => d === "two" || d === "three"),
  ],
  ["not a status", () => ({ not: { status: 30000 } }), (i) => i.status?.code !== 30000],
];

function fail(): never {
  throw new Error("no such input");
}

const idsOf = (inputs: readonly Input[]) => inputs.map(({ id }) => id);
const found = async (source: ReturnType<typeof searchInputs>) => idsOf(await flow(source).toArray());

describe("searchInputs, listInputs and filterInputs", () => {
  let app: App;
  let all: Input[];
  let middle: string;

  beforeAll(async () => {
    const store = await startEmulator({});
    app = await connect({ baseUrl: store.url, pat: "any" });
    const inputs = randomInputs(150, 7);
    for (const part of [inputs.slice(0, 80), inputs.slice(80)]) {
      const report = await flow(fromIterable(part))
        .pipe(batch({ maxItems: 20 }), upload(app))
        .run();
      expect(report.failures).toEqual([]);
    }
    const broken = Array.from({ length: 10 }, (_, n) => ({
      id: `broken${n}`,
      data: {
        image: { base64: Buffer.from(`nothing ${n}`).toString("base64") },
        metadata: { split: "train", year: 2026, cam: { iso: 100, tags: ["b"] } },
        geo: { geo_point: { longitude: 13.4, latitude: 52.5 } },
      },
    }));
    await app.transport.call("POST", `/v2/users/${app.userId}/apps/${app.appId}/inputs`, { json: { inputs: broken } });
    await vi.waitUntil(async () => (await app.countInputs()).errors === 10);
    all = await flow(listInputs(app, { annotations: true, datasets: true })).toArray();
    middle = all[75]?.createdAt ?? "";
    return async () => {
      await app.close();
      await store.close();
    };
  });

  it("has random inputs of which each filter selects some and excludes some", () => {
    expect(all.length).toBe(160);
    for (const [name, , passes] of cases) {
      const count = all.filter((input) => passes(input, middle)).length;
      expect(count, name).toBeGreaterThan(0);
      expect(count, name).toBeLessThan(160);
    }
  });

  it.each(cases)(
    "gives the same inputs as plain code: %s, alone and with the filters behind it",
    { timeout: 60_000 },
    async (name, filtersOf, passes) => {
      const begin = cases.findIndex(([first]) => first === name);
      for (const [index, [other, otherFiltersOf, otherPasses]] of cases.slice(begin).entries()) {
        if (!isLong && index % 24 !== 0) continue; // every 24th pair
        const [one, two] = [filtersOf(middle), otherFiltersOf(middle)];
        const isAlone = other === name;
        // Two filters of one name cannot be combined.
        if (!isAlone && Object.keys(one).some((key) => key in two)) continue;
        const filters = { ...one, ...two };
        const expected = idsOf(all.filter((input) => passes(input, middle) && otherPasses(input, middle)));
        expect((await found(searchInputs(app, filters))).sort(), `${name} + ${other}`).toEqual(expected.toSorted());
        if (!isAlone) continue;
        expect((await found(searchInputs(app, { ...filters, perPage: 31 }))).sort()).toEqual(expected.toSorted());
        expect(await found(listInputs(app, filters))).toEqual(expected);
        expect(await flow(listInputs(app)).pipe(filterInputs(filters)).toArray().then(idsOf)).toEqual(expected);
      }
    },
  );

  it("yields the inputs in the order of their last change", async () => {
    const byChange = all.toSorted((one, two) => ((one.modifiedAt ?? "") < (two.modifiedAt ?? "") ? -1 : 1));
    expect(await found(searchInputs(app, { perPage: 9 }))).toEqual(idsOf(byChange));
  });

  it("finds the inputs that are most similar to a text, at most topK", async () => {
    const { id, text = "" } = all.find((input) => input.image === undefined && input.id > "i3") ?? fail();
    const similar = await found(searchInputs(app, { text, kinds: ["text"] }));
    expect(similar).toHaveLength(10);
    expect(similar[0]).toBe(id);
    expect(await found(searchInputs(app, { text, topK: 2 }))).toHaveLength(2);
    expect(await found(searchInputs(app, { text, topK: 1000 }))).toHaveLength(160);
    expect(await found(searchInputs(app, { text, kinds: ["text"], minScore: 1 }))).toEqual([id]);
  });

  it("yields whole records, from which a download and a patch work", async () => {
    const [first] = await flow(searchInputs(app, { concepts: ["crowd"], annotations: true })).toArray();
    expect(first?.annotations.length).toBeGreaterThan(0);
    const report = await flow(searchInputs(app, { metadata: { year: 2026 }, status: 30000 }))
      .pipe(download(temporaryFolder()))
      .run();
    expect(report.counts.ok).toBe(all.filter((i) => i.metadata.year === 2026 && i.status?.code === 30000).length);
  });

  it("counts what it will find, and reads no further than it needs", async () => {
    const calls = vi.spyOn(app, "searchInputs");
    onTestFinished(() => calls.mockRestore());
    const firstFive = await flow(searchInputs(app, { perPage: 10 }))
      .pipe(take(5))
      .toArray();
    expect(firstFive).toHaveLength(5);
    expect(calls.mock.calls.length).toBeLessThan(15);
    expect(await app.countFound({ filters: [{ input: { status: { code: 30000 } } }] })).toBe(
      all.filter((i) => i.status?.code === 30000).length,
    );
  });
});

/** A store with `count` texts. */
async function storeWith(count: number) {
  const opened = await openStore({ deleteDelayMs: 5 });
  const texts = Array.from({ length: count }, (_, n) => ({
    id: `t${n}`,
    text: `text ${n}`,
    metadata: { state: "new" },
  }));
  await flow(fromIterable(texts)).pipe(batch(), upload(opened.app)).run();
  return opened;
}

describe("the filters by size", () => {
  it("ask for the sizes of media, and know those of texts", async () => {
    const { app } = await openStore();
    const big = Buffer.concat([png, Buffer.alloc(1000)]);
    const drafts: InputDraft[] = [
      { id: "small", image: { bytes: png } },
      { id: "big", image: { bytes: big } },
      { id: "short", text: "ä" },
      { id: "long", text: "x".repeat(500) },
    ];
    await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
    for (const find of [
      (filters: InputFilters) => found(searchInputs(app, filters)),
      (filters: InputFilters) => found(listInputs(app, filters)),
      async (filters: InputFilters) => idsOf(await flow(listInputs(app)).pipe(filterInputs(filters)).toArray()),
    ]) {
      expect((await find({ minBytes: png.length + 1 })).sort()).toEqual(["big", "long"]);
      expect(await find({ maxBytes: png.length, kinds: ["image"] })).toEqual(["small"]);
      expect(await find({ minBytes: 2, maxBytes: 2 })).toEqual(["short"]);
    }
    const report = await flow(fromIterable(drafts))
      .pipe(filterInputs({ minBytes: big.length }))
      .run();
    expect(report.counts).toMatchObject({ read: 4, ok: 1, skipped: 3 });
  });

  it("fail an input whose size cannot be read, and no other", async () => {
    const { app } = await openStore();
    await flow(
      fromIterable([
        { id: "a", image: { bytes: png } },
        { id: "b", text: "b" },
      ]),
    )
      .pipe(batch(), upload(app))
      .run();
    vi.spyOn(app, "searchInputs").mockImplementation(async (_, { page } = {}) => {
      const inputs = await app.listInputs();
      for (const { data } of inputs)
        if (data.image) Object.assign((data.image as { hosted: object }).hosted, { suffix: "gone" });
      return page === 1 ? inputs : [];
    });
    const report = await flow(searchInputs(app, { minBytes: 1 })).run();
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ origin: "a", code: "ERR_HTTP_404" }]);
  });
});

describe("a search whose flow changes what it finds", () => {
  it.each([
    [200, 3],
    [1200, 100],
    [1200, 1000],
  ])("deletes each of %s inputs once, %s on a page", { timeout: 60_000 }, async (count, perPage) => {
    const { app, store } = await storeWith(count);
    const report = await flow(searchInputs(app, { metadata: { state: "new" }, perPage }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: count, ok: count });
    expect(store.stored()).toEqual([]);
  });

  it.each([
    ["that it no longer finds", { metadata: { state: "new" } }],
    ["that it still finds, with a later time", { kinds: ["text"] }],
  ] satisfies [string, InputFilters][])("patches every input once %s", { timeout: 60_000 }, async (_, filters) => {
    const { app, store } = await storeWith(700);
    const done = transform((input) => ({ ...input, metadata: { state: "done" } }));
    const report = await flow(searchInputs(app, { ...filters, perPage: 50 }))
      .pipe(done, batch({ maxItems: 10 }), patch(app))
      .run();
    expect(report.counts).toMatchObject({ read: 700, ok: 700 });
    expect(store.stored().every(({ metadata }) => (metadata as { state?: string }).state === "done")).toBe(true);
  });

  it("rejects with the reason if more inputs than the limit changed in one microsecond", async () => {
    const { app } = await storeWith(1);
    const [input] = await app.listInputs();
    const read = vi.spyOn(app, "searchInputs").mockImplementation(async (_, { page = 1, perPage = 1 } = {}) => {
      const status = { code: 40002, description: "refused", details: "page * perPage cannot exceed 40" };
      if (page * perPage > 40) throw new ApiError("ERR", "page * perPage cannot exceed 40", { status } as never);
      return Array.from({ length: perPage }, (_item, n) => ({ ...input, id: `t${page}-${n}` }) as never);
    });
    const run = flow(searchInputs(app, { kinds: ["text"], perPage: 20 })).toArray();
    await expect(run).rejects.toMatchObject({
      code: "ERR_SEARCH_LIMIT",
      message: expect.stringContaining("more than 40 inputs match"),
    });
    expect(read.mock.calls.length).toBeLessThan(80);
  });
});

describe("the filters of a search", () => {
  it.each<[InputFilters & Record<string, unknown>, string]>([
    [{ concepts: undefined }, "concepts is undefined"],
    [{ updatedSince: undefined }, "updatedSince is undefined"],
    [{ text: undefined }, "text is undefined"],
    [{ not: { concepts: undefined } }, "a filter in it is undefined"],
    [{ not: {} }, "at least one filter"],
    [{ metadata: { split: undefined as never } }, "undefined"],
    [{ metadata: {} }, "at least one key"],
    [{ concepts: [] }, "concepts"],
    [{ location: { longitude: 1, latitude: 2 } as never }, "withinKm"],
    [{ location: { longitude: 1, latitude: 200, withinKm: 1 } }, "latitude"],
    [{ location: { west: 0, south: 10, east: 1, north: 0 } }, "south must not be above north"],
    [{ updatedSince: "yesterday" }, "expected a Date"],
    [{ updatedSince: "2026-03-01T10:00:00" }, "with its zone"],
    [{ topK: 3 }, "topK needs text"],
    [{ concept: ["dog"] }, "its options are"],
  ])("refuse %o", async (options, text) => {
    const { app } = await openStore();
    const refusal = expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining(text) });
    expect(() => searchInputs(app, options as never)).toThrow(refusal);
    if ("text" in options || "topK" in options) return;
    if (!("concept" in options)) expect(() => listInputs(app, options as never)).toThrow(refusal);
    expect(() => filterInputs(options as never)).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }));
  });

  it("accept a Date, a day, and a time with its zone", async () => {
    const { app } = await storeWith(3);
    for (const updatedSince of [new Date(0), "2020-01-01", "2020-01-01T00:00:00+02:00"])
      expect(await found(searchInputs(app, { updatedSince }))).toHaveLength(3);
    expect(await found(searchInputs(app, { updatedBefore: "2020-01-01" }))).toEqual([]);
  });

  it("fail an input of a file if they need a time, by name", async () => {
    const report = await flow(fromIterable([{ id: "a", text: "a" }]))
      .pipe(filterInputs({ updatedSince: "2026-01-01" }))
      .run();
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FILTER" }]);
  });
});
