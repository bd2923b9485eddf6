import { describe, expect, it } from "vitest";
import {
  type App,
  batch,
  flow,
  fromIterable,
  type InputDraft,
  listAnnotations,
  listInputs,
  type PatchAnnotationsOptions,
  patchAnnotations,
  upload,
} from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { openStore } from "../helpers/store.js";

const ids = ["a", "b", "c", "d", "e"];

/** Stores inputs with the annotations x and y, which await review. */
async function waiting() {
  const { app, store } = await openStore();
  const annotations = ["x", "y"].map((id) => ({
    id,
    statusCode: 24157,
    concepts: [{ id: "boat", name: "boat", value: 1 }],
  }));
  await flow(fromIterable(ids.map((id) => ({ id, text: id, annotations }))))
    .pipe(batch(), upload(app))
    .run();
  return { app, store };
}

async function states(app: App): Promise<string[]> {
  const inputs = await flow(listInputs(app, { annotations: true })).toArray();
  return inputs.flatMap((input) =>
    input.annotations.map(({ id, statusCode = 24150 }) => `${input.id}/${id} ${statusCode}`),
  );
}

const change = (app: App, inputs: readonly InputDraft[], options: PatchAnnotationsOptions = { status: "success" }) =>
  flow(fromIterable(inputs)).pipe(patchAnnotations(app, options)).run();

testSink("patchAnnotations", async () => {
  const { app } = await waiting();
  return {
    sink: patchAnnotations(app, { status: "success" }),
    inputs: ids.map((id) => ({ id, annotations: [{ id: "x" }] })),
    written: async () => (await states(app)).filter((text) => text.endsWith("x 24150")).map((text) => text.slice(0, 1)),
  };
});

describe("patchAnnotations", () => {
  it.each([
    ["success", 24150],
    ["pending", 24151],
    ["review denied", 24158],
    [24159, 24159],
    ["awaiting consensus review", 24159],
  ] as const)("gives annotations the state %s, and leaves the others", async (status, code) => {
    const { app } = await waiting();
    const report = await change(app, [{ id: "a", annotations: [{ id: "y" }] }], { status });
    expect(report.counts).toMatchObject({ ok: 1 });
    expect((await states(app)).slice(0, 3)).toEqual(["a/x 24157", `a/y ${code}`, "b/x 24157"]);
    const [input] = await flow(listAnnotations(app, { inputs: ["a"] })).toArray();
    expect(input?.annotations[1]?.concepts).toEqual([{ id: "boat", name: "boat", value: 1 }]);
  });

  it("changes what was listed, and sends nothing when it runs again", async () => {
    const { app, store } = await waiting();
    const run = () =>
      flow(listAnnotations(app))
        .pipe(patchAnnotations(app, { status: "success" }))
        .run();
    expect((await run()).counts).toMatchObject({ ok: 5 });
    expect((await states(app)).every((text) => text.endsWith("24150"))).toBe(true);
    store.faults.add({ method: "PATCH", path: "/annotations", fault: { type: "status", http: 400, code: 11102 } });
    expect((await run()).counts).toMatchObject({ ok: 0, skipped: 5, failed: 0 });
  });

  it("may be run again with rows of a table", async () => {
    const { app } = await waiting();
    const rows = [{ id: "a", annotations: [{ id: "x" }] }];
    for (let n = 0; n < 2; n += 1) expect((await change(app, rows)).counts).toMatchObject({ ok: 1, failed: 0 });
    expect((await states(app))[0]).toBe("a/x 24150");
  });

  it("sends nothing in a dry run", async () => {
    const { app } = await waiting();
    const plan = await flow(listAnnotations(app))
      .pipe(patchAnnotations(app, { status: "success" }))
      .plan();
    expect(plan).toMatchObject({ counts: { ok: 5 } });
    expect((await states(app)).every((text) => text.endsWith("24157"))).toBe(true);
  });

  it("fails only the inputs whose annotations do not exist or have no id", async () => {
    const { app } = await waiting();
    const report = await change(app, [
      { id: "a", annotations: [{ id: "x" }, { id: "nobody" }] },
      { id: "nobody", annotations: [{ id: "x" }] },
      { id: "b", annotations: [{}] },
      { id: "c", annotations: [] },
      { id: "d", annotations: [{ id: "x" }] },
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 3, skipped: 1 });
    const codes = Object.fromEntries(report.failures.map(({ id, code }) => [id, code]));
    expect(codes).toEqual({ a: "11101", nobody: "11101", b: "ERR_ANNOTATION_ID" });
    expect(await states(app)).toEqual(expect.arrayContaining(["a/x 24150", "b/x 24157", "d/x 24150", "d/y 24157"]));
  });

  it("looks an annotation up if the answer does not tell its state", async () => {
    const { app } = await waiting();
    const told = { id: "x", status: { code: 24250 } };
    app.patchAnnotationStatuses = () => Promise.resolve([told]);
    const report = await change(app, [{ id: "a", annotations: [{ id: "x" }] }]);
    expect(report.failures).toMatchObject([
      { code: "ERR_PATCH_RESULT", reason: expect.stringContaining("24157, not 24150") },
    ]);
    const same = await change(app, [{ id: "a", annotations: [{ id: "x" }] }], { status: "awaiting review" });
    expect(same.counts).toMatchObject({ ok: 1 });
  });

  it("patches each annotation even if an answer is lost", async () => {
    const { app, store } = await waiting();
    store.faults.add({ method: "PATCH", path: "/annotations", times: 2, fault: { type: "cut", when: "after" } });
    const rows = ids.map((id) => ({ id, annotations: [{ id: "x" }, { id: "y" }] }));
    expect((await change(app, rows)).counts).toMatchObject({ ok: 5 });
    expect((await states(app)).every((text) => text.endsWith("24150"))).toBe(true);
  });

  it.each([[{}], [{ status: "done" }], [{ status: 30000 }], [{ status: 24155 }], [{ status: "failed" }]])(
    "refuses the options %j",
    async (options) => {
      const { app } = await openStore();
      expect(() => patchAnnotations(app, options as never)).toThrow(/status/);
    },
  );
});
