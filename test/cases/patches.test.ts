/** Patches of listed inputs and of rows: the input has the requested fields afterwards, or fails by name. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { Emulator } from "../../src/emulator/index.js";
import {
  type App,
  batch,
  connect,
  deadLetters,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  jsonl,
  listInputs,
  type PatchOptions,
  patch,
  patchConcepts,
  tagMetadata,
  transform,
  upload,
  writeJsonl,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const put = (app: App, ...inputs: InputDraft[]) => flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
const rows = (app: App, inputs: readonly InputDraft[], options: PatchOptions = {}) =>
  flow(fromIterable(inputs)).pipe(batch(), patch(app, options)).run();
const change = (app: App, apply: (input: Input) => Input, options: PatchOptions = {}) =>
  flow(listInputs(app, { annotations: true }))
    .pipe(transform(apply), batch(), patch(app, options))
    .run();
const one = async (app: App, id = "a") =>
  (await flow(listInputs(app, { ids: [id], annotations: true })).toArray())[0] as Input;

const whole: InputDraft = {
  id: "a",
  text: "calm sea",
  concepts: ["boat", "sea"],
  metadata: {
    split: "train",
    camera: { iso: 200, lens: "wide" },
    tags: ["x", "y"],
    crew: [{ id: "1", age: 30 }, { id: "2" }],
  },
  geo: { longitude: 4.48, latitude: 51.92 },
};

describe.each(["merge", "overwrite"] as const)("a listed input, patched with %s", (action) => {
  let store: Emulator;
  let app: App;
  beforeEach(async () => {
    ({ store, app } = await openStore());
    await put(app, whole);
  });

  it("sends nothing and is skipped if no transform changed it", async () => {
    store.faults.add({ method: "PATCH", fault: { type: "status", http: 400, code: 11102 } });
    const report = await change(app, (input) => ({ ...input, metadata: { ...input.metadata } }), { action });
    expect(report.counts).toMatchObject({ ok: 0, skipped: 1, failed: 0 });
    expect(report.skipped).toMatchObject([{ reason: "nothing to change" }]);
  });

  it.each<[string, (input: Input) => Partial<Input>]>([
    ["loses a metadata key", ({ metadata: { split: _, ...metadata } }) => ({ metadata })],
    ["loses a key within metadata", ({ metadata }) => ({ metadata: { ...metadata, camera: { iso: 200 } } })],
    ["loses the last key within metadata", ({ metadata }) => ({ metadata: { ...metadata, camera: {} } })],
    ["loses all metadata", () => ({ metadata: {} })],
    ["loses one item of a list", ({ metadata }) => ({ metadata: { ...metadata, tags: ["y"] } })],
    ["loses all items of a list", ({ metadata }) => ({ metadata: { ...metadata, tags: [] } })],
    ["gets an item into a list", ({ metadata }) => ({ metadata: { ...metadata, tags: ["x", "y", "z"] } })],
    ["has a list in another order", ({ metadata }) => ({ metadata: { ...metadata, tags: ["y", "x"] } })],
    ["loses a list item by its id", ({ metadata }) => ({ metadata: { ...metadata, crew: [{ id: "1", age: 30 }] } })],
    [
      "loses a field of a list item",
      ({ metadata }) => ({ metadata: { ...metadata, crew: [{ id: "1" }, { id: "2" }] } }),
    ],
    [
      "renames a metadata key",
      ({ metadata: { split, ...rest } }) => ({ metadata: { ...rest, part: split as string } }),
    ],
    ["gets null", ({ metadata }) => ({ metadata: { ...metadata, split: null } })],
    ["gets true and false", ({ metadata }) => ({ metadata: { ...metadata, split: true, camera: false } })],
    ["gets an object for a text", ({ metadata }) => ({ metadata: { ...metadata, split: { name: "train" } } })],
    ["loses a concept", ({ concepts }) => ({ concepts: concepts.slice(1) })],
    ["loses all concepts", () => ({ concepts: [] })],
    [
      "has a concept that is absent now",
      ({ concepts }) => ({ concepts: concepts.map((c) => (c.id === "sea" ? { ...c, value: 0 } : c)) }),
    ],
    ["gets a concept", ({ concepts }) => ({ concepts: [...concepts, { id: "pier" }] })],
    ["loses its location", () => ({ geo: undefined })],
    ["moves", () => ({ geo: { longitude: -70.6, latitude: -33.4 } })],
    ["loses everything", () => ({ metadata: {}, concepts: [], geo: undefined })],
  ])("%s", async (_, apply) => {
    const before = await one(app);
    const wanted = { ...before, ...apply(before) };
    const report = await change(app, (input) => ({ ...input, ...apply(input) }) as Input, { action });
    expect(report.failures).toEqual([]);
    expect(report.counts).toMatchObject({ ok: 1, skipped: 0 });
    const after = await one(app);
    expect(after.metadata).toEqual(wanted.metadata);
    expect(after.geo).toEqual(wanted.geo);
    const valuesOf = ({ concepts }: Input) => concepts.map(({ id, value = 1 }) => [id, value]).sort();
    expect(valuesOf(after)).toEqual(valuesOf(wanted));
    expect((await app.getInput("a")).data.metadata).toHaveProperty("sluice_fingerprint");
  });

  it.each<[string, (input: Input) => Partial<Input>, string, RegExp]>([
    ["another text", () => ({ text: "storm" }), "ERR_PATCH_UNSUPPORTED", /content/],
    ["no text any more", () => ({ text: undefined }), "ERR_PATCH_UNSUPPORTED", /content/],
    ["another id", () => ({ id: "b" }), "ERR_PATCH_UNSUPPORTED", /changed the id .* from a to b/],
    [
      "another name for a concept",
      () => ({ concepts: [{ id: "boat", name: "ship" }] }),
      "ERR_PATCH_UNSUPPORTED",
      /patchConcepts/,
    ],
    [
      "a concept twice",
      () => ({ concepts: [{ id: "boat" }, { id: "boat", value: 0 }] }),
      "ERR_PATCH_UNSUPPORTED",
      /twice/,
    ],
    [
      "an annotation without an id",
      () => ({ annotations: [{ concepts: [{ id: "x" }] }] }),
      "ERR_ANNOTATION_ID",
      /no id/,
    ],
    [
      "a new annotation",
      () => ({ annotations: [{ id: "n", concepts: [] }] }),
      "ERR_ANNOTATION_ID",
      /"n" was not listed with its input/,
    ],
  ])("fails before any request if it has %s", async (_, apply, code, text) => {
    const before = await one(app);
    const report = await change(app, (input) => ({ ...input, metadata: {}, ...apply(input) }) as Input, { action });
    expect(report.failures).toMatchObject([{ id: "a", code, stage: "patch", reason: expect.stringMatching(text) }]);
    expect(await one(app)).toEqual(before);
  });

  it("joins and leaves datasets", async () => {
    await app.postDatasets([{ id: "train" }]);
    const report = await change(app, (input) => ({ ...input, datasets: ["train"] }), { action });
    expect(report.counts).toMatchObject({ ok: 1 });
    expect((await app.listDatasetInputs("train")).map(({ id }) => id)).toEqual(["a"]);
  });
});

describe("a listed input", () => {
  it("keeps changes by other processes when a merge sends only the differences", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const listed = await flow(listInputs(app))
      .pipe(
        transform(async (input) => {
          await app.patchInputs([{ id: "a", metadata: { other: 1 } }], "merge");
          return { ...input, metadata: { ...input.metadata, split: "test" } };
        }),
        batch(),
        patch(app),
      )
      .run();
    expect(listed.counts).toMatchObject({ ok: 1 });
    expect((await one(app)).metadata).toMatchObject({ split: "test", other: 1 });
  });

  it("gets its concept although another process has just appended the same item to its list", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const report = await flow(listInputs(app))
      .pipe(
        transform(async (input) => {
          await app.patchInputs([{ id: "a", metadata: { tags: ["z"] } }], "merge");
          return { ...input, metadata: { ...input.metadata, tags: ["x", "y", "z"] }, concepts: [{ id: "pier" }] };
        }),
        batch(),
        patch(app),
      )
      .run();
    expect(report.counts).toMatchObject({ ok: 1 });
    expect((await one(app)).concepts.map(({ id }) => id)).toEqual(["pier"]);
  });

  it("fails if it changed since it was listed and only an overwrite could express the change", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const report = await change(app, (input) => ({ ...input, metadata: { ...input.metadata, tags: ["y", "x"] } }));
    expect(report.counts).toMatchObject({ ok: 1 });
    const late = await flow(listInputs(app))
      .pipe(
        transform(async (input) => {
          await app.patchInputs([{ id: "a", metadata: { other: 1 } }], "merge");
          return { ...input, metadata: { ...input.metadata, tags: ["x"] } };
        }),
        batch(),
        patch(app),
      )
      .run();
    expect(late.failures).toMatchObject([{ code: "ERR_PATCH_CHANGED", retryable: false }]);
    expect((await one(app)).metadata).toMatchObject({ tags: ["y", "x"], other: 1 });
  });

  it("loses removed fields also on a server whose overwrite keeps the keys that the request leaves out", async () => {
    const { app } = await openStore({ overwriteReading: "old" });
    await put(app, whole);
    const report = await change(app, (input) => ({ ...input, concepts: [], metadata: { only: 1 }, geo: undefined }), {
      action: "overwrite",
    });
    expect(report.failures).toEqual([]);
    expect(await one(app)).toMatchObject({ concepts: [], metadata: { only: 1 } });
    expect(await one(app)).not.toHaveProperty("geo");
  });

  it("is not patched for digits that a server with 32-bit numbers cannot store", async () => {
    const { app } = await openStore();
    const geo = { longitude: 4.123456789012, latitude: 51.98765432109 };
    const box: [number, number, number, number] = [0.123456789012, 0.2, 0.7, 0.987654321098];
    await put(app, { id: "a", text: "a", geo, annotations: [{ id: "x", box }] });
    const report = await change(app, (input) => ({ ...input, geo, annotations: [{ id: "x", box, concepts: [] }] }));
    expect(report.counts).toMatchObject({ ok: 0, skipped: 1 });
  });

  it("gets its patch when its dead letter is retried", async () => {
    const { store, app } = await openStore();
    await put(app, whole);
    const path = join(temporaryFolder(), "failed.jsonl");
    const without = transform(({ metadata: { split: _, ...metadata }, ...input }: Input) => ({ ...input, metadata }));
    store.faults.add({ method: "PATCH", fault: { type: "status", http: 400, code: 30104 } });
    const first = await flow(listInputs(app)).pipe(without, batch(), patch(app)).run({ deadLetters: path });
    expect(first.counts).toMatchObject({ failed: 1 });
    store.faults.clear();
    const second = await flow(deadLetters(path)).pipe(without, batch(), patch(app)).run();
    expect(second.counts).toMatchObject({ ok: 1 });
    expect((await one(app)).metadata).not.toHaveProperty("split");
  });

  it.each<[string, string, (metadata: Input["metadata"]) => Input["metadata"]]>([
    ["appends to a list", "PATCH", ({ split: _, tags: __, ...metadata }) => ({ ...metadata, tags: ["x", "y", "x"] })],
    ["changes a list", "DELETE", ({ split: _, tags: __, ...metadata }) => ({ ...metadata, tags: ["y"] })],
  ])(
    "that %s does so once, also if its dead letter is tried again after the %s behind it failed",
    async (_, method, apply) => {
      const { store, app } = await openStore();
      await put(app, { ...whole, annotations: [{ id: "x", box: [0, 0, 1, 1] }] });
      const path = join(temporaryFolder(), "failed.jsonl");
      const kept = (input: Input) => (method === "DELETE" ? [] : input.annotations);
      const changed = transform((input: Input) => ({
        ...input,
        metadata: apply(input.metadata),
        annotations: kept(input),
      }));
      const every = method === "PATCH" ? 2 : 1; // the removal comes after the merge
      store.faults.add({ method, every, fault: { type: "status", http: 400, code: 30104 } });
      const source = listInputs(app, { annotations: true });
      const first = await flow(source).pipe(changed, batch(), patch(app)).run({ deadLetters: path });
      expect(first.counts).toMatchObject({ failed: 1 });
      expect((await one(app)).metadata.tags).toEqual(apply(whole.metadata as Input["metadata"]).tags);
      store.faults.clear();
      const second = await flow(deadLetters(path)).pipe(changed, batch(), patch(app)).run();
      expect(second.failures).toEqual([]);
      expect((await one(app)).metadata).toEqual(apply(whole.metadata as Input["metadata"]));
      expect((await one(app)).annotations).toHaveLength(method === "DELETE" ? 0 : 1);
    },
  );

  it("cannot be patched with the action remove, and the error names merge", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const report = await change(app, (input) => input, { action: "remove" });
    expect(report.failures).toMatchObject([{ code: "ERR_PATCH_UNSUPPORTED", reason: expect.stringMatching(/merge/) }]);
    expect(await one(app)).toMatchObject({ metadata: whole.metadata });
  });

  it("of another app gets the fields of the listed input, and fails if a transform removed one", async () => {
    const { store, app } = await openStore();
    const other = await connect({ baseUrl: store.url, pat: "any", userId: "me", appId: "other" });
    await put(app, whole);
    await put(other, { id: "a", text: "a", metadata: { kept: 1 } });
    const copied = await flow(listInputs(app)).pipe(batch(), patch(other)).run();
    expect(copied.counts).toMatchObject({ ok: 1 });
    expect((await one(other)).metadata).toEqual({ ...whole.metadata, kept: 1 });
    const cut = await flow(listInputs(app))
      .pipe(
        transform((input) => ({ ...input, concepts: [] })),
        batch(),
        patch(other),
      )
      .run();
    expect(cut.failures).toMatchObject([{ code: "ERR_PATCH_UNSUPPORTED", reason: expect.stringMatching(/boat/) }]);
    await other.close();
  });

  it("does not change in a plan, which counts the requests of the run", async () => {
    const { app } = await openStore();
    await put(app, whole, { ...whole, id: "b" });
    const before = await one(app);
    const build = () =>
      flow(listInputs(app)).pipe(
        transform((input) => (input.id === "a" ? { ...input, metadata: { tags: ["y", "x"] } } : input)),
        batch(),
        patch(app),
      );
    expect((await build().plan()).counts).toEqual({ read: 2, ok: 1, refused: 0, skipped: 1 });
    expect(await one(app)).toEqual(before);
    expect((await build().run()).counts).toMatchObject({ ok: 1, skipped: 1 });
  });

  it("keeps its old key until the new one exists, also if the run ends between the two", async () => {
    const { store, app } = await openStore();
    await put(app, whole);
    const rename = ({ metadata: { split, ...rest }, ...input }: Input) =>
      ({ ...input, metadata: split === undefined ? rest : { ...rest, part: split } }) as Input;
    store.faults.add({ method: "PATCH", every: 2, fault: { type: "status", http: 400, code: 30104 } });
    const first = await change(app, rename);
    expect(first.failures).toMatchObject([
      { code: "30104", reason: expect.stringMatching(/^its fields were patched in part, then: /) },
    ]);
    expect((await one(app)).metadata).toMatchObject({ split: "train", part: "train" });
    store.faults.clear();
    expect((await change(app, rename)).counts).toMatchObject({ ok: 1 });
    expect((await one(app)).metadata).not.toHaveProperty("split");
  });
});

describe("flows that run at the same time", () => {
  it("each add their own key to inputs that all of them listed", async () => {
    const { store, app } = await openStore();
    await put(app, ...Array.from({ length: 60 }, (_, n) => ({ id: `i${n}`, text: `${n}`, metadata: { tags: ["x"] } })));
    const apps = await Promise.all(["one", "two", "three"].map(() => connect({ baseUrl: store.url, pat: "any" })));
    store.faults.add({ method: "PATCH", probability: 0.2, fault: { type: "cut", when: "after" } });
    store.faults.add({ method: "PATCH", probability: 0.2, fault: { type: "cut", when: "during" } });
    const runs = apps.map((own, n) =>
      flow(listInputs(own))
        .pipe(
          transform((input) => ({
            ...input,
            metadata: { ...input.metadata, tags: [...(input.metadata.tags as string[]), `t${n}`], [`k${n}`]: n },
            concepts: [...input.concepts, { id: `c${n}` }],
          })),
          batch({ maxItems: 7 }),
          patch(own),
        )
        .run(),
    );
    for (const report of await Promise.all(runs)) expect(report.failures).toEqual([]);
    for (const { metadata, concepts } of await flow(listInputs(app)).toArray()) {
      expect({ ...metadata, tags: (metadata.tags as string[]).toSorted() }).toEqual({
        ...{ k0: 0, k1: 1, k2: 2 },
        tags: ["t0", "t1", "t2", "x"],
      });
      expect(concepts).toHaveLength(3);
    }
    await Promise.all(apps.map((own) => own.close()));
  });

  it("fail an input that another process deleted after it was listed", async () => {
    const { app } = await openStore();
    await put(app, whole, { ...whole, id: "b" });
    const report = await flow(listInputs(app))
      .pipe(
        transform(async (input) => {
          if (input.id === "a") await app.deleteInputs(["a"]);
          while ((await app.listInputs({ ids: ["a"] })).length > 0)
            await new Promise((resolve) => setTimeout(resolve, 5));
          return { ...input, metadata: { tags: ["y"] } };
        }),
        batch(),
        patch(app),
      )
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "a", reason: expect.stringMatching(/does not exist/) }]);
  });
});

describe("a row", () => {
  it("that was a listed input is sent with the fields of the row", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const path = join(temporaryFolder(), "inputs.jsonl");
    await flow(listInputs(app))
      .pipe(tagMetadata({ split: "test" }), writeJsonl(path))
      .run();
    expect(
      (
        await flow(jsonl(path))
          .pipe(batch(), patch(app, { action: "overwrite" }))
          .run()
      ).counts,
    ).toMatchObject({
      ok: 1,
    });
    expect((await one(app)).metadata).toEqual({ ...whole.metadata, split: "test" });
    const edited = (await flow(listInputs(app)).toArray()).map((input) => ({ ...input, metadata: { split: "dev" } }));
    expect((await rows(app, edited as unknown as InputDraft[])).counts).toMatchObject({ ok: 1 });
    expect((await one(app)).metadata).toEqual({ ...whole.metadata, split: "dev" });
  });

  it("without any field is skipped, since it requests no change", async () => {
    const { app } = await openStore();
    const report = await rows(app, [{ id: "nobody" }]);
    expect(report.counts).toMatchObject({ ok: 0, skipped: 1 });
  });

  it.each<[PatchOptions["action"], InputDraft["metadata"], RegExp]>([
    ["merge", { camera: { lens: null } }, /metadata.camera.lens is null/],
    ["merge", { crew: [{ id: "1", age: null }] }, /metadata.crew\[0\].age is null/],
    ["remove", { split: "train" }, /metadata.split: .* got "train"/],
    ["remove", { split: false }, /metadata.split/],
    ["remove", { split: null }, /metadata.split/],
    ["remove", { camera: {} }, /metadata.camera/],
    ["remove", { tags: ["x"] }, /metadata.tags/],
    ["remove", { tags: [true] }, /metadata.tags/],
  ])("with %s fails by name for %j, which the server would ignore or set", async (action, metadata, text) => {
    const { app } = await openStore();
    await put(app, whole);
    const report = await rows(app, [{ id: "a", metadata }, { id: "b" }], { action });
    expect(report.failures).toMatchObject([
      { id: "a", code: "ERR_PATCH_UNSUPPORTED", reason: expect.stringMatching(text) },
    ]);
    expect((await one(app)).metadata).toEqual(whole.metadata);
  });

  it("removes keys, list items by id, concepts and the location", async () => {
    const { app } = await openStore();
    await put(app, whole);
    const metadata = { split: true, camera: { lens: true }, crew: [{ id: "1" }], never: true };
    const row = { id: "a", metadata, concepts: ["sea", "never"], geo: { longitude: 0, latitude: 0 } };
    expect((await rows(app, [row], { action: "remove" })).counts).toMatchObject({ ok: 1 });
    const { concepts, geo, metadata: left } = await one(app);
    expect({ concepts: concepts.map(({ id }) => id), geo, left }).toEqual({
      concepts: ["boat"],
      geo: undefined,
      left: { camera: { iso: 200 }, tags: ["x", "y"], crew: [{ id: "2" }] },
    });
  });

  it("fails when the app has its concept under another name", async () => {
    const { app } = await openStore();
    await put(app, whole);
    await flow(fromIterable([{ concepts: [{ id: "boat", name: "ship" }] }]))
      .pipe(patchConcepts(app))
      .run();
    expect((await rows(app, [{ id: "a", concepts: ["boat"] }])).counts).toMatchObject({ ok: 1 });
    const report = await rows(app, [{ id: "a", concepts: [{ id: "boat", name: "vessel" }] }]);
    expect(report.failures).toMatchObject([
      { code: "ERR_PATCH_RESULT", reason: expect.stringMatching(/called "ship" in the app.*patchConcepts/) },
    ]);
  });

  it("is applied after an earlier row with the same id, also in another batch", async () => {
    const { store, app } = await openStore();
    await put(app, { id: "a", text: "a" });
    store.faults.add({ method: "PATCH", times: 1, fault: { type: "slow", ms: 60 } });
    const all = Array.from({ length: 6 }, (_, n) => ({ id: "a", metadata: { n, [`k${n}`]: n, list: [n] } }));
    for (const maxItems of [1, 4]) {
      const report = await flow(fromIterable(all)).pipe(batch({ maxItems }), patch(app)).run();
      expect(report.counts).toMatchObject({ ok: 6 });
      expect((await one(app)).metadata.n).toBe(5);
    }
    expect((await one(app)).metadata.list).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
  });

  it("adds the input to its datasets, and removes it from them with the action remove", async () => {
    const { app } = await openStore();
    await put(app, whole);
    await app.postDatasets([{ id: "train" }]);
    expect((await rows(app, [{ id: "a", datasets: ["train"] }])).counts).toMatchObject({ ok: 1 });
    expect(await app.listDatasetInputs("train")).toHaveLength(1);
    await rows(app, [{ id: "a", datasets: ["train"] }], { action: "remove" });
    expect(await app.listDatasetInputs("train")).toEqual([]);
  });

  it("fails if it has an unknown field", async () => {
    const { app } = await openStore();
    const path = join(temporaryFolder(), "rows.jsonl");
    writeFileSync(path, '{"id":"a","metdata":{"split":"test"}}\n');
    const report = await flow(jsonl(path)).pipe(batch(), patch(app)).run();
    expect(report.failures).toMatchObject([{ code: "ERR_INPUT_SHAPE" }]);
  });
});
