import { describe, expect, it } from "vitest";
import {
  type AddAnnotationsOptions,
  type App,
  addAnnotations,
  annotate,
  batch,
  boundingBox,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  upload,
} from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { png } from "../helpers/bombs.js";
import { draftOf } from "../helpers/small-contents.js";
import { openStore } from "../helpers/store.js";

type Annotations = NonNullable<InputDraft["annotations"]>;

const box = (id?: string, shares: [number, number, number, number] = [0.1, 0.1, 0.5, 0.5]): Annotations[number] => ({
  ...(id === undefined ? {} : { id }),
  box: shares,
  concepts: [{ id: "boat" }],
});

async function stored(...ids: string[]) {
  const { app, store } = await openStore();
  await flow(fromIterable(ids.map((id) => ({ id, text: id }))))
    .pipe(batch(), upload(app))
    .run();
  return { app, store };
}

const add = (app: App, inputs: readonly InputDraft[], options?: AddAnnotationsOptions) =>
  flow(fromIterable(inputs)).pipe(addAnnotations(app, options)).run();

async function annotationsOf(app: App, id: string) {
  const [input] = await flow(listInputs(app, { ids: [id], annotations: true })).toArray();
  return input?.annotations ?? [];
}

testSink("addAnnotations", async () => {
  const { app } = await stored("a", "b", "c", "d", "e");
  return {
    sink: addAnnotations(app),
    inputs: ["a", "b", "c", "d", "e"].map((id) => ({ id, annotations: [box()] })),
    written: async () => {
      const inputs = await flow(listInputs(app, { annotations: true })).toArray();
      return inputs.filter(({ annotations }) => annotations.length > 0).map(({ id }) => id);
    },
  };
});

describe("addAnnotations", () => {
  it("adds annotations without the content of the input, and once", async () => {
    const { app } = await stored("a", "b");
    const inputs = [
      { id: "a", annotations: [box(), box(undefined, [0.2, 0.2, 0.6, 0.6])] },
      { id: "b", annotations: [box("x")] },
    ];
    expect((await add(app, inputs)).counts).toMatchObject({ ok: 2 });
    expect((await annotationsOf(app, "a")).map((one) => one.box?.[0])).toEqual(expect.arrayContaining([0.1, 0.2]));
    expect(await annotationsOf(app, "b")).toMatchObject([{ id: "x", concepts: [{ id: "boat" }] }]);

    const again = await add(app, inputs);
    expect(again.counts).toMatchObject({ ok: 0, skipped: 2 });
    expect(again.skipped[0]?.reason).toBe("all of its annotations exist");
    expect(await annotationsOf(app, "a")).toHaveLength(2);
  });

  it("adds to what an upload or another run added before", async () => {
    const { app } = await openStore();
    const annotations = [box()];
    await flow(fromIterable([{ id: "a", text: "a", annotations }]))
      .pipe(upload(app))
      .run();
    await add(app, [{ id: "a", annotations: [box(undefined, [0.3, 0.3, 0.4, 0.4])] }]);
    const seen = await annotationsOf(app, "a");
    expect(seen.map((one) => one.box?.[0])).toEqual(expect.arrayContaining([0.1, 0.3]));
    expect(seen).toHaveLength(2);
  });

  it("adds what a transform draws on listed inputs, and leaves their own annotations", async () => {
    const { app } = await stored("a");
    await add(app, [{ id: "a", annotations: [box("x")] }]);
    const drawn = flow(listInputs(app, { annotations: true })).pipe(
      annotate(() => [boundingBox([0.5, 0.5, 0.9, 0.9], "pier")]),
      addAnnotations(app),
    );
    expect((await drawn.run()).counts).toMatchObject({ ok: 1 });
    expect(await annotationsOf(app, "a")).toHaveLength(2);
  });

  it.each([
    ["error", { failed: 1 }, 0.1],
    ["skip", { skipped: 1 }, 0.1],
    ["replace", { ok: 1 }, 0.2],
  ] as const)("with conflict %s and other data under the same id", async (conflict, counts, left) => {
    const { app } = await stored("a");
    await add(app, [{ id: "a", annotations: [box("x")] }]);
    const report = await add(app, [{ id: "a", annotations: [box("x", [0.2, 0.2, 0.6, 0.6])] }], { conflict });
    expect(report.counts).toMatchObject(counts);
    if (conflict === "error") {
      expect(report.failures[0]).toMatchObject({
        code: "ERR_ID_TAKEN",
        reason: expect.stringMatching(/annotation x .*conflict: "replace"/),
      });
    }
    expect((await annotationsOf(app, "a")).map((one) => one.box?.[0])).toEqual([left]);
  });

  it("adds what is new beside a conflict", async () => {
    const { app } = await stored("a");
    await add(app, [{ id: "a", annotations: [box("x")] }]);
    const both = [box("x", [0.2, 0.2, 0.6, 0.6]), box("y")];
    const report = await add(app, [{ id: "a", annotations: both }], { conflict: "skip" });
    expect(report.counts).toMatchObject({ ok: 1 });
    expect(report.notes).toEqual({ "an annotation with the same id and other data was left as it is": 1 });
    expect((await annotationsOf(app, "a")).map((one) => one.id).sort()).toEqual(["x", "y"]);
  });

  it("fails an input that does not exist, and adds to the others", async () => {
    const { app } = await stored("a");
    const report = await add(app, [
      { id: "nobody", annotations: [box()] },
      { id: "a", annotations: [box()] },
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({
      id: "nobody",
      reason: expect.stringMatching(/^its annotation \w+ was refused/),
    });
    expect(await annotationsOf(app, "a")).toHaveLength(1);
  });

  it.each([
    ["without annotations", [], { skipped: 1 }],
    ["with the same annotation twice", [box(), box()], { failed: 1 }],
    ["with one id twice", [box("x"), box("x", [0, 0, 1, 1])], { failed: 1 }],
    ["with a box turned round", [box("x", [0.9, 0.1, 0.1, 0.5])], { failed: 1 }],
  ])("sends nothing of an input %s", async (_, annotations, counts) => {
    const { app } = await stored("a");
    expect((await add(app, [{ id: "a", annotations }])).counts).toMatchObject({ ok: 0, ...counts });
    expect(await annotationsOf(app, "a")).toEqual([]);
  });

  it("adds each annotation once if the answer is lost", async () => {
    const { app, store } = await stored("a", "b");
    store.faults.add({ method: "POST", path: "/annotations", fault: { type: "cut", when: "after" } });
    const report = await add(
      app,
      ["a", "b"].map((id) => ({ id, annotations: [box()] })),
    );
    expect(report.counts).toMatchObject({ ok: 2 });
    for (const id of ["a", "b"]) expect(await annotationsOf(app, id)).toHaveLength(1);
  });

  it("adds annotations of every kind, and finds that they exist", async () => {
    const { app } = await openStore();
    const contents = { t: { text: "😀 calm sea" }, v: draftOf("video", 0, ""), i: draftOf("image", 0, "") };
    const drafts = Object.entries(contents).map(([id, content]) => ({ id, ...content }));
    expect((await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run()).counts).toMatchObject({ ok: 3 });
    const concepts = [{ id: "x", name: "x", value: 1 }];
    const base64 = png(2, 2).toString("base64");
    const kinds: Record<string, Annotations[number][]> = {
      t: [{ id: "span", span: { start: 2, end: 6, text: "calm" }, concepts }],
      v: [
        { id: "frame", frame: { timeMs: 40, number: 1 }, concepts },
        { id: "first frame", frame: { timeMs: 0 }, box: [0, 0, 0.5, 0.5], concepts },
        {
          id: "numbered",
          frame: { number: 7 },
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
          concepts,
        },
        { id: "masked", frame: { timeMs: 80 }, mask: { base64 }, concepts },
        { id: "pointed", frame: { timeMs: 120 }, point: [0.25, 0.5], concepts },
        { id: "segment", timeSegment: { begin: 0.5, end: 2, frames: 3 }, concepts },
      ],
      i: [
        { id: "point", point: [0.25, 0.5], concepts, info: { by: "ann" }, statusCode: 24157 },
        { id: "mask", mask: { base64 }, concepts },
        { id: "address", mask: { url: "https://a.test/m.png" }, concepts },
      ],
    };
    const rows = Object.entries(kinds).map(([id, annotations]) => ({ id, annotations }));
    expect((await add(app, rows)).counts).toMatchObject({ ok: 3, failed: 0 });
    for (const [id, annotations] of Object.entries(kinds)) expect(await annotationsOf(app, id)).toEqual(annotations);
    expect((await add(app, rows)).counts).toMatchObject({ ok: 0, skipped: 3 });
    const [other] = [{ id: "mask", mask: { base64: png(3, 2).toString("base64") }, concepts }];
    const conflict = await add(app, [{ id: "i", annotations: [other as Annotations[number]] }]);
    expect(conflict.failures).toMatchObject([{ code: "ERR_ID_TAKEN" }]);
  });

  it.each([
    ["a mask that is no PNG", { mask: { base64: "R0lGODlh" } }, "ERR_MASK"],
    ["a span turned round", { span: { start: 4, end: 2 } }, "ERR_SPAN"],
    ["a time segment turned round", { timeSegment: { begin: 4, end: 2 } }, "ERR_TIME_SEGMENT"],
    ["two shapes", { point: [0, 0], span: { start: 0, end: 1 } }, "ERR_ANNOTATION_KIND"],
    ["a frame of a text that the server knows", { frame: { timeMs: 5 } }, "24155"],
    ["a span behind the text that the server knows", { span: { start: 0, end: 9 } }, "24155"],
  ] as const)("fails an input with %s", async (_, annotation, code) => {
    const { app } = await stored("a");
    const report = await add(app, [{ id: "a", annotations: [annotation as never] }]);
    expect(report.failures).toMatchObject([{ id: "a", code }]);
  });

  it("adds an annotation that only its data describe", async () => {
    const { app } = await stored("a");
    const data = {
      regions: [{ region_info: { point: { row: 0.25, col: 0.5, z: 0.75 } }, data: { concepts: [{ id: "buoy" }] } }],
    };
    expect((await add(app, [{ id: "a", annotations: [{ data }] }])).counts).toMatchObject({ ok: 1 });
    expect((await annotationsOf(app, "a"))[0]?.data).toMatchObject({
      regions: [{ region_info: { point: { row: 0.25, col: 0.5, z: 0.75 } } }],
    });
  });
});
