/** Patches and their answers: every reported outcome is true, and no patch is applied twice. */

import { describe, expect, it } from "vitest";
import {
  type App,
  batch,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  type PatchOptions,
  patch,
  patchConcepts,
  transform,
  upload,
} from "../../src/index.js";
import { openStore } from "../helpers/store.js";

const put = (app: App, inputs: readonly InputDraft[]) => flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
const change = (app: App, inputs: readonly InputDraft[], options: PatchOptions = {}) =>
  flow(fromIterable(inputs)).pipe(batch(), patch(app, options)).run();

const box: InputDraft["annotations"] = [{ id: "x", box: [0, 0, 1, 1], concepts: [{ id: "boat" }] }];

describe("a patch", () => {
  it.each([
    ["cut after it was carried out", { type: "cut", when: "after" }],
    ["cut before", { type: "cut", when: "before" }],
    ["unreadable", { type: "garbage" }],
  ] as const)("adds to lists once when its answer is %s", async (_, fault) => {
    const { store, app } = await openStore();
    const tags = { metadata: { tags: ["sea"], camera: { lenses: ["wide"] }, crew: [{ id: 1 }] } };
    await put(app, [
      { id: "a", text: "a", ...tags },
      { id: "b", text: "b", ...tags },
    ]);
    store.faults.add({ method: "PATCH", times: 2, fault });
    const more = { metadata: { tags: ["calm"], camera: { lenses: ["long"] }, crew: [{ id: 1, age: 30 }] } };
    const report = await change(app, [
      { id: "a", ...more },
      { id: "none", ...more },
      { id: "b", metadata: { day: 1 } },
    ]);
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "none", code: "30102" }]);
    expect((await app.getInput("a")).data.metadata).toMatchObject({
      tags: ["sea", "calm"],
      camera: { lenses: ["wide", "long"] },
      crew: [{ id: 1, age: 30 }],
    });
    expect((await app.getInput("b")).data.metadata).toMatchObject({ day: 1, tags: ["sea"] });
  });

  it("fails with lists if it stays unknown whether the server added them", async () => {
    const { store, app } = await openStore();
    await put(app, [{ id: "a", text: "a" }]);
    store.faults.add({ method: "PATCH", fault: { type: "cut", when: "after" } });
    store.faults.add({ method: "GET", every: 2, fault: { type: "status", http: 400, code: 11102 } });
    const report = await change(app, [{ id: "a", metadata: { tags: ["calm"] } }]);
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_ANSWER_LOST" }]);
    store.faults.clear();
    expect((await app.getInput("a")).data.metadata).toMatchObject({ tags: ["calm"] });
  });

  it("that removes an annotation is ok when the annotation is gone, also when the answer was lost", async () => {
    const { store, app } = await openStore();
    await put(app, [{ id: "a", text: "a", annotations: box }]);
    store.faults.add({ method: "PATCH", path: "/annotations", times: 1, fault: { type: "cut", when: "after" } });
    const report = await change(app, [{ id: "a", annotations: box }], { action: "remove", deleteIfEmpty: true });
    expect(report.counts).toMatchObject({ ok: 1, failed: 0 });
    expect(await app.listAnnotations({ inputIds: ["a"], ids: ["x"] })).toEqual([]);
  });

  it("gives each input its own outcome when a server answers in another order", async () => {
    const { app } = await openStore({
      faults: [{ method: "PATCH", fault: { type: "odd-answer", how: "other-order" } }],
    });
    await put(app, [{ id: "a", text: "a" }]);
    const inputs = ["a", "none", "never"].map((id) => ({ id, metadata: { day: 1 } }));
    expect((await change(app, inputs)).failures.map(({ id }) => id)).toEqual(["none", "never"]);
  });
});

describe("renaming concepts", () => {
  const renaming = (...names: [id: string, name: string][]) =>
    names.map(([id, name], n): InputDraft => ({ id: `i${n}`, text: "-", concepts: [{ id, name }] }));
  const rename = (app: App, inputs: readonly InputDraft[], maxItems: number) =>
    flow(fromIterable(inputs)).pipe(batch({ maxItems }), patchConcepts(app)).run();

  it.each([1, 2, 10])("fails every input whose concept was refused, in batches of %d", async (maxItems) => {
    const { app } = await openStore();
    const inputs = renaming(["none", "one"], ["none", "one"], ["none", "one"]);
    expect((await rename(app, inputs, maxItems)).counts).toMatchObject({ ok: 0, failed: 3 });
  });

  it("keeps the last of several names", async () => {
    const { app } = await openStore();
    await put(app, [{ id: "a", text: "a", concepts: [{ id: "boat" }] }]);
    const inputs = renaming(["boat", "ship"], ["boat", "vessel"], ["boat", "ship"]);
    expect((await rename(app, inputs, 1)).counts).toMatchObject({ ok: 3 });
    expect(await app.listConcepts()).toMatchObject([{ id: "boat", name: "ship" }]);
  });
});

describe("patchConcepts with values", () => {
  const set = (app: App, inputs: readonly InputDraft[]) => flow(fromIterable(inputs)).pipe(patchConcepts(app)).run();
  const valuesOf = async (app: App, id: string) =>
    ((await app.getInput(id)).data.concepts as { id: string; name: string; value: number }[]).map((one) => [
      ...[one.id, one.name, one.value],
    ]);
  const stored = async () => {
    const { app, store } = await openStore();
    const concepts = [{ id: "boat", name: "Boat" }, { id: "sea" }];
    await put(app, [
      { id: "a", text: "a", concepts, metadata: { n: 1 } },
      { id: "b", text: "b", concepts },
    ]);
    return { app, store };
  };

  it("sets 0, 1 and fractions on the input alone, and leaves its other fields", async () => {
    const { app } = await stored();
    const rows = [
      {
        id: "a",
        concepts: [
          { id: "boat", value: 0 },
          { id: "sea", value: 0.25 },
          { id: "pier", value: 1 },
        ],
      },
    ];
    for (let n = 0; n < 2; n += 1) {
      expect((await set(app, rows)).counts).toMatchObject({ ok: 1, failed: 0 });
      expect(await valuesOf(app, "a")).toEqual([
        ["boat", "Boat", 0],
        ["sea", "sea", 0.25],
        ["pier", "pier", 1],
      ]);
    }
    expect(await valuesOf(app, "b")).toEqual([
      ["boat", "Boat", 1],
      ["sea", "sea", 1],
    ]);
    expect((await app.getInput("a")).data.metadata).toMatchObject({ n: 1 });
  });

  it("renames and sets a value of one concept", async () => {
    const { app } = await stored();
    await set(app, [{ id: "a", concepts: [{ id: "boat", name: "Ship", value: 0.5 }] }]);
    expect((await valuesOf(app, "a"))[0]).toEqual(["boat", "Ship", 0.5]);
    expect((await valuesOf(app, "b"))[0]).toEqual(["boat", "Ship", 1]);
  });

  it("sends changed values of listed inputs only, and nothing when it runs again", async () => {
    const { app, store } = await stored();
    const run = () =>
      flow(listInputs(app))
        .pipe(
          transform((input) => ({
            ...input,
            concepts: input.concepts.map((concept) => (concept.id === "sea" ? { ...concept, value: 0.75 } : concept)),
          })),
          patchConcepts(app),
        )
        .run();
    expect((await run()).counts).toMatchObject({ ok: 2 });
    expect((await valuesOf(app, "b"))[1]).toEqual(["sea", "sea", 0.75]);
    store.faults.add({ method: "PATCH", path: "/", fault: { type: "status", http: 400, code: 11102 } });
    expect((await run()).counts).toMatchObject({ ok: 0, failed: 0, skipped: 2 });
  });

  it("fails an input that does not exist, and an input whose value is another one afterwards", async () => {
    const { app } = await stored();
    const report = await set(app, [
      { id: "nobody", concepts: [{ id: "sea", value: 0 }] },
      { id: "a", concepts: [{ id: "sea", value: 0 }] },
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ id: "nobody", code: "30102" }]);
    const told = { id: "a", status: { code: 30200 }, data: { concepts: [{ id: "sea", value: 1 }] } };
    app.patchInputs = () => Promise.resolve([told]);
    const wrong = await set(app, [{ id: "a", concepts: [{ id: "sea", value: 0.5 }] }]);
    expect(wrong.failures).toMatchObject([
      { code: "ERR_PATCH_RESULT", reason: expect.stringMatching(/"sea".* 1, not 0.5/) },
    ]);
  });
});
