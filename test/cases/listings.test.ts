/** Listings, and flows that change what they list: every input that existed is reached, and no other. */

import { once } from "node:events";
import { join } from "node:path";
import { take } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  annotate,
  batch,
  filterInputs,
  flow,
  folder,
  fromIterable,
  type ListInputsOptions,
  listInputs,
  patch,
  remove,
  removeAnnotations,
  tagMetadata,
  upload,
} from "../../src/index.js";
import { startScript } from "../helpers/children.js";
import { openListing } from "../helpers/listing-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const idsOf = (count: number, prefix = "t") => Array.from({ length: count }, (_, n) => `${prefix}${n}`);

/** A store with `count` texts in the dataset "old". */
async function storeWith(count: number, deleteDelayMs = 5) {
  const opened = await openStore({ deleteDelayMs });
  const texts = idsOf(count).map((id, n) => ({
    id,
    text: `text ${n}`,
    datasets: ["old"],
    metadata: { even: n % 2 === 0 },
  }));
  const report = await flow(fromIterable(texts)).pipe(batch(), upload(opened.app)).run();
  expect(report.counts.ok).toBe(count);
  return opened;
}

describe("a flow that removes what it lists", () => {
  it.each([
    ["a dataset, 7 inputs on a page", 400, { dataset: "old", perPage: 7 }],
    ["a dataset, 1 input on a page", 60, { dataset: "old", perPage: 1 }],
    ["a dataset, 1000 inputs on a page", 3000, { dataset: "old", perPage: 1000 }],
    ["a dataset, default pages", 3000, { dataset: "old" }],
    ["a dataset by kind and status", 1500, { dataset: "old", kinds: ["text"], status: 30000 }],
    ["an app, 7 inputs on a page", 400, { perPage: 7 }],
    ["an app by kind", 1500, { kinds: ["text"] }],
    ["ids in several requests, some twice", 400, { ids: [...idsOf(400), ...idsOf(400)] }],
    ["ids of a dataset", 400, { dataset: "old", ids: idsOf(400) }],
  ] satisfies [string, number, ListInputsOptions][])(
    "leaves none: %s",
    { timeout: 60_000 },
    async (_, count, options) => {
      const { app, store } = await storeWith(count);
      const report = await flow(listInputs(app, options)).pipe(batch(), remove(app)).run();
      expect(report.counts).toMatchObject({ read: count, ok: count });
      expect(store.stored()).toEqual([]);
    },
  );

  it("leaves no input when deletions take longer than the listing", async () => {
    const { app, store } = await storeWith(1500, 400);
    const report = await flow(listInputs(app, { dataset: "old", perPage: 50 }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 1500, ok: 1500 });
    expect(store.stored()).toEqual([]);
  });

  it("removes the half that filterInputs passes, and its plan counts exactly that number", {
    timeout: 60_000,
  }, async () => {
    for (const [perPage, count] of [
      [7, 420],
      [1000, 1400],
    ] as const) {
      const { app, store } = await storeWith(count);
      const half = flow(listInputs(app, { dataset: "old", perPage })).pipe(
        filterInputs((input) => input.metadata.even === true),
        batch(),
        remove(app),
      );
      expect((await half.plan()).counts.ok).toBe(count / 2);
      expect(store.stored()).toHaveLength(count);
      const report = await half.run();
      expect(report.counts).toMatchObject({ read: count, ok: count / 2 });
      const stayed = store.stored().map(({ metadata }) => (metadata as { even: boolean }).even);
      expect(stayed).toEqual(Array(count / 2).fill(false));
    }
  });

  it("removes one page if one page is requested", async () => {
    const { app, store } = await storeWith(100);
    const report = await flow(listInputs(app, { dataset: "old", page: 2, perPage: 30 }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 30, ok: 30 });
    expect(store.stored()).toHaveLength(70);
  });

  it("removes every input that existed, while another process adds inputs", async () => {
    const { app, store } = await storeWith(600);
    const adding = flow(fromIterable(idsOf(300, "new").map((id) => ({ id, text: id, datasets: ["old"] }))))
      .pipe(batch({ maxItems: 20 }), upload(app))
      .run();
    const report = await flow(listInputs(app, { dataset: "old", perPage: 20 }))
      .pipe(batch({ maxItems: 20 }), remove(app))
      .run();
    expect((await adding).counts.ok).toBe(300);
    expect(store.stored().filter(({ id }) => id.startsWith("t"))).toEqual([]);
    expect(store.stored()).toHaveLength(900 - report.counts.ok);
  });

  it("reaches every input when it patches it, and when it removes its annotations", async () => {
    const { app, store } = await storeWith(700);
    const noted = annotate((input) => [{ id: `n-${input.id}`, concepts: [{ id: "calm" }] }]);
    await flow(fromIterable(idsOf(700).map((id) => ({ id, text: `text ${id.slice(1)}` }))))
      .pipe(noted, batch(), upload(app))
      .run();
    const patched = await flow(listInputs(app, { dataset: "old", perPage: 30 }))
      .pipe(tagMetadata({ seen: true }), batch(), patch(app))
      .run();
    expect(patched.counts).toMatchObject({ read: 700, ok: 700 });
    expect(store.stored().every(({ metadata }) => (metadata as { seen?: boolean }).seen)).toBe(true);
    const listed = listInputs(app, { dataset: "old", annotations: true, perPage: 30 });
    expect((await flow(listed).pipe(batch(), removeAnnotations(app)).run()).counts).toMatchObject({
      read: 700,
      ok: 700,
    });
    expect((await flow(listed).toArray()).flatMap(({ annotations }) => annotations)).toEqual([]);
  });
});

it("a removal that is killed and resumed with its journal leaves no input", { timeout: 60_000 }, async () => {
  const { app, store } = await storeWith(1500);
  const journal = join(temporaryFolder(), "remove.journal");
  const script = `import { batch, connect, flow, listInputs, remove } from "sluice";
    const app = await connect({ baseUrl: ${JSON.stringify(app.baseUrl)}, pat: "any" });
    await flow(listInputs(app, { dataset: "old", perPage: 50 })).pipe(batch({ maxItems: 20 }), remove(app))
      .run({ journal: ${JSON.stringify(journal)} });
    await app.close();`;
  const start = () => startScript(script);
  const child = start();
  await expect.poll(() => store.stored().length, { interval: 20, timeout: 20_000 }).toBeLessThan(1400);
  child.kill("SIGKILL");
  await once(child, "exit");
  expect(store.stored().length).toBeGreaterThan(0);
  const [code] = (await once(start(), "exit")) as [number];
  expect(code).toBe(0);
  expect(store.stored()).toEqual([]);
  expect(store.deleted()).toHaveLength(1500);
});

describe("a listing that changes while it is read", () => {
  it.each([true, false])(
    "yields every input that stays, in any order of the dataset (newest first: %s)",
    async (newestFirst) => {
      for (const perPage of [1, 3, 10]) {
        const ids = idsOf(40);
        const stays = new Set(ids.filter((_, n) => n % 3 === 0));
        const { app } = await openListing({
          ids,
          newestFirst,
          beforePage(page, there) {
            // Another process deletes and adds inputs between the pages.
            const goes = there.filter((id) => !stays.has(id));
            for (const id of goes.slice(0, 2)) there.splice(there.indexOf(id), 1);
            if (page < 12) there.push(`added${page}`);
          },
        });
        const listed = (await flow(listInputs(app, { dataset: "any", perPage })).toArray()).map(({ id }) => id);
        expect(listed.filter((id) => stays.has(id)).sort()).toEqual([...stays].sort());
        expect(new Set(listed).size).toBe(listed.length);
      }
    },
  );

  it("requests each page at most twice when nothing changes, and a single page once", async () => {
    const { app, requests } = await openListing({ ids: idsOf(40) });
    expect(await flow(listInputs(app, { dataset: "any", perPage: 10 })).toArray()).toHaveLength(40);
    expect(requests.length).toBeLessThanOrEqual(5 + 3 + 4);
    requests.length = 0;
    expect(await flow(listInputs(app, { dataset: "any" })).toArray()).toHaveLength(40);
    expect(requests).toHaveLength(2); // the page, and the empty one behind it
  });

  it.each(["refuse", "empty", "first"] as const)(
    "continues when the input that a page request names is deleted (server: %s)",
    async (whenGone) => {
      const ids = idsOf(30);
      const { app } = await openListing({
        ids,
        whenGone,
        beforePage(count, there, lastId) {
          // Another process deletes the input after the answer that contained it, before the request that names it.
          if (count % 3 === 0 && lastId !== null) there.splice(there.indexOf(lastId), 1);
        },
      });
      const listed = (await flow(listInputs(app, { perPage: 5 })).toArray()).map(({ id }) => id);
      expect(new Set(listed)).toEqual(new Set(ids));
      expect(listed).toHaveLength(30);
    },
  );

  it("never names an input in a page request that the same flow may have deleted", async () => {
    const { app, ids, requests } = await openListing({ ids: idsOf(50), whenGone: "empty" });
    const report = await flow(listInputs(app, { perPage: 5 }))
      .pipe(remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 50, ok: 50 });
    expect(ids).toEqual([]);
    expect(requests.filter((request) => request.includes("/inputs/stream")).length).toBeLessThanOrEqual(12);
  });

  it("ends with an error when the pages of a server have no end", async () => {
    const { app } = await openListing({ ids: idsOf(3), endless: true });
    for (const options of [{ perPage: 3 }, { dataset: "any", perPage: 2 }]) {
      await expect(flow(listInputs(app, options)).run()).rejects.toMatchObject({ code: "ERR_LISTING" });
    }
  });

  it("treats a short page as the end when a server has no pages", async () => {
    const { app } = await openListing({ ids: idsOf(3), endless: true });
    for (const options of [{}, { dataset: "any" }]) {
      expect((await flow(listInputs(app, options)).toArray()).map(({ id }) => id)).toEqual(["t0", "t1", "t2"]);
    }
  });

  it("stops reading when the flow needs no more inputs", async () => {
    const { app, requests } = await openListing({ ids: idsOf(1000) });
    expect(
      await flow(listInputs(app, { dataset: "any", perPage: 10 }))
        .pipe(take(5))
        .toArray(),
    ).toHaveLength(5);
    expect(requests.length).toBeLessThan(5);
  });
});

describe("the order of a listing", () => {
  it("is by the time of adding or by id, also on many pages", async () => {
    const { app } = await storeWith(300);
    const list = async (options: ListInputsOptions) =>
      (await flow(listInputs(app, { perPage: 7, ...options })).toArray()).map(({ id }) => id);
    expect(await list({ order: "oldest" })).toEqual(idsOf(300));
    expect(await list({ order: "newest" })).toEqual(idsOf(300).reverse());
    expect(await list({ order: "id" })).toEqual(idsOf(300).sort());
    expect(await list({ order: "newest", kinds: ["image"] })).toEqual([]);
  });

  it.each(["newest", "id"] as const)("does not matter to a flow that removes what it lists: %s", async (order) => {
    const { app, store } = await storeWith(400);
    const report = await flow(listInputs(app, { order, perPage: 7 }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 400, ok: 400 });
    expect(store.stored()).toEqual([]);
  });

  it.each([{ dataset: "old" }, { ids: ["t1"] }, { page: 1 }])("is not that of %o, which is refused", async (other) => {
    const { app } = await openStore();
    expect(() => listInputs(app, { order: "newest", ...other })).toThrow(
      expect.objectContaining({ code: "ERR_OPTIONS", message: expect.stringContaining("do not go together") }),
    );
  });
});

describe("a listing of what changed since a time", () => {
  it("yields the inputs that were added or changed, and a later listing only what changed after it", async () => {
    const { app } = await storeWith(20);
    const updated = async (options: ListInputsOptions) =>
      (await flow(listInputs(app, options)).toArray()).map(({ id }) => id).sort();
    const patchOne = (id: string) =>
      flow(fromIterable([{ id, metadata: { even: 3 } }]))
        .pipe(patch(app))
        .run();
    await patchOne("t3");
    const [patched] = await app.listInputs({ ids: ["t3"] });
    const last = patched?.modifiedAt ?? "";
    expect(await updated({ updatedSince: last })).toEqual(["t3"]);
    expect(await updated({ updatedBefore: last })).toHaveLength(19);
    await patchOne("t5");
    expect(await updated({ updatedSince: last })).toEqual(["t3", "t5"]);
    expect(await updated({ updatedSince: last, createdBefore: last, updatedBefore: "9999-01-01" })).toEqual([
      "t3",
      "t5",
    ]);
    const report = await flow(listInputs(app, { ids: ["t3", "t4"], updatedSince: last, dataset: "old" })).run();
    expect(report.skipped).toMatchObject([
      { reason: expect.stringMatching(/^its last change was before 20/) as string, origins: ["t4"] },
    ]);
  });
});

describe("a removal", () => {
  it("is ok when the input is gone, and pending when the server does not delete it in time", async () => {
    const { app, ids } = await openListing({
      ids: ["a", "b", "c"],
      stuck: new Map([
        ["b", undefined],
        ["c", 30005],
      ]),
    });
    const report = await flow(listInputs(app))
      .pipe(batch(), remove(app, { timeoutMs: 500 }))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 1, pending: 1 });
    expect(report.failures).toMatchObject([{ id: "c", code: "30005", stage: "remove" }]);
    expect(report.summary()).toContain("the input still exists after 0.5 s");
    expect(report.exitCode).toBe(1);
    expect(ids).toEqual(["b", "c"]);
  });

  it("skips ids that no input has, and removes the others", async () => {
    const { app, store } = await storeWith(5);
    for (const source of [fromIterable([{ id: "t1" }, { id: "typo" }]), listInputs(app, { ids: ["typo", "t2"] })]) {
      const flowed = flow(source).pipe(batch(), remove(app));
      expect((await flowed.plan()).counts).toMatchObject({ read: 2, ok: 1, skipped: 1 });
      const report = await flowed.run();
      expect(report.counts).toMatchObject({ ok: 1, skipped: 1 });
      expect(report.skipped).toMatchObject([{ reason: "no input has this id", count: 1 }]);
    }
    expect(store.stored().map(({ id }) => id)).toEqual(["t0", "t3", "t4"]);
  });
});

describe("a filter", () => {
  it.each(["dataset", "ids", "status", "kinds", "page"] as const)("that is undefined is refused: %s", async (name) => {
    const { app } = await openStore();
    const make = () => listInputs(app, { [name]: undefined });
    expect(make).toThrow(
      expect.objectContaining({
        code: "ERR_OPTIONS",
        message: expect.stringMatching(`^listInputs: ${name} is undefined`) as string,
      }) as Error,
    );
  });

  it.each(["kinds", "include", "exclude"] as const)("of a folder that is undefined is refused: %s", (name) => {
    expect(() => folder("x", { [name]: undefined })).toThrow(`folder: ${name} is undefined`);
  });

  it.each([
    { dataset: "" },
    { dataset: null },
    { ids: "a" },
    { ids: [""] },
    { status: Number.NaN },
    { kinds: [] },
    { page: 0 },
    { page: 1, ids: ["a"] },
  ])("that can match no input is refused: %j", async (options) => {
    const { app } = await openStore();
    expect(() => listInputs(app, options as never)).toThrow(expect.objectContaining({ code: "ERR_OPTIONS" }) as Error);
  });

  it("that is an empty list of ids selects no input", async () => {
    const { app, store } = await storeWith(3);
    const report = await flow(listInputs(app, { ids: [] }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts).toMatchObject({ read: 0 });
    expect(store.stored()).toHaveLength(3);
  });

  it("is combined with the others: an input must pass all of them", async () => {
    const { app } = await storeWith(4);
    await flow(fromIterable([{ id: "alone", text: "not in the dataset" }]))
      .pipe(batch(), upload(app))
      .run();
    const reasons = async (options: ListInputsOptions) => {
      const report = await flow(listInputs(app, options)).run();
      return [report.counts.ok, ...report.skipped.map(({ reason }) => reason)];
    };
    expect(await reasons({ dataset: "old", ids: ["t1", "alone"] })).toEqual([
      1,
      'the dataset "old" has no input with this id',
    ]);
    expect(await reasons({ ids: ["t1"], kinds: ["image"] })).toEqual([0, "its kind is not image"]);
    expect(await reasons({ ids: ["t1", "t2"], status: 30002 })).toEqual([0, "its status is not 30002"]);
  });

  it("by ids yields the inputs in the order of the option, each once", async () => {
    const { app } = await storeWith(300);
    const ids = idsOf(300).reverse();
    const listed = await flow(listInputs(app, { ids: [...ids, ...ids] })).toArray();
    expect(listed.map(({ id }) => id)).toEqual(ids);
  });
});

it("yields the datasets of an input if they are requested", async () => {
  const { app } = await storeWith(3);
  await app.addToDataset("old", ["t1"]);
  await app.postDatasets([{ id: "new" }]);
  await app.addToDataset("new", ["t1"]);
  const datasets = (inputs: { datasets: readonly string[] }[]) => inputs.map((input) => input.datasets);
  expect(datasets(await flow(listInputs(app, { datasets: true })).toArray())).toEqual([
    ["old"],
    ["old", "new"],
    ["old"],
  ]);
  expect(datasets(await flow(listInputs(app)).toArray())).toEqual([[], [], []]);
});
