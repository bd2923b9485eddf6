import { tap } from "rxjs";
import { describe, expect, it } from "vitest";
import {
  type App,
  addAnnotations,
  batch,
  connect,
  flow,
  fromIterable,
  type ListAnnotationsOptions,
  listAnnotations,
  type Message,
  patchAnnotations,
  removeAnnotations,
  upload,
} from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { openStore } from "../helpers/store.js";

const box = (id: string, statusCode?: number) => ({
  ...{ id, box: [0.1, 0.1, 0.5, 0.5] as [number, number, number, number], concepts: [{ id: "boat" }] },
  ...(statusCode === undefined ? {} : { statusCode }),
});

/** Stores the inputs i0, i1, …; every third one has no annotation, the others have two, of which one awaits review. */
async function annotated(count = 6) {
  const { app, store } = await openStore();
  const drafts = Array.from({ length: count }, (_, n) => ({
    ...{ id: `i${n}`, text: `text ${n}`, metadata: { n } },
    annotations: n % 3 === 2 ? [] : [box(`x${n}`), box(`y${n}`, 24157)],
  }));
  await flow(fromIterable(drafts)).pipe(batch(), upload(app)).run();
  return { app, store };
}

async function listed(app: App, options?: ListAnnotationsOptions): Promise<string[]> {
  const inputs = await flow(listAnnotations(app, options)).toArray();
  return inputs.flatMap((input) => input.annotations.map(({ id }) => `${input.id}/${id}`));
}

testSource("listAnnotations", async () => {
  const { app } = await annotated();
  return { source: listAnnotations(app), ids: ["i0", "i1", "i3", "i4"] };
});

describe("listAnnotations", () => {
  it("yields each input that has annotations, with its annotations", async () => {
    const { app } = await annotated();
    const inputs = await flow(listAnnotations(app)).toArray();
    expect(inputs.map(({ id }) => id)).toEqual(["i0", "i1", "i3", "i4"]);
    expect(inputs[1]).toMatchObject({
      text: "text 1",
      metadata: { n: 1 },
      annotations: [
        { id: "x1", box: [0.1, 0.1, 0.5, 0.5] },
        { id: "y1", statusCode: 24157 },
      ],
    });
  });

  it.each<[string, ListAnnotationsOptions, string[]]>([
    ["a status", { statuses: ["awaiting review"] }, ["i0/y0", "i1/y1", "i3/y3", "i4/y4"]],
    ["a code", { statuses: [24150], inputs: ["i1"] }, ["i1/x1"]],
    ["two statuses", { statuses: ["success", 24157], inputs: ["i1"] }, ["i1/x1", "i1/y1"]],
    ["a status that none has", { statuses: ["review denied"] }, []],
    ["inputs, in their order", { inputs: ["i3", "i0", "i3"] }, ["i3/x3", "i3/y3", "i0/x0", "i0/y0"]],
    ["no inputs", { inputs: [] }, []],
    ["a user", { workers: ["me"], inputs: ["i0"] }, ["i0/x0", "i0/y0"]],
    ["another user", { workers: ["bob"] }, []],
    ["a user or a model", { workers: ["me"], models: ["m1"], inputs: ["i0"] }, ["i0/x0", "i0/y0"]],
    ["a model", { models: ["m1"] }, []],
    ["a workflow", { workflows: ["w1"] }, []],
    ["a task", { task: "t1" }, []],
    ["those that are not trusted, too", { untrusted: true, inputs: ["i0"] }, ["i0/x0", "i0/y0"]],
  ])("filters by %s", async (_, options, expected) => {
    const { app } = await annotated();
    expect(await listed(app, options)).toEqual(expected);
  });

  it("skips requested inputs without such an annotation, with the reason", async () => {
    const { app } = await annotated();
    const report = await flow(listAnnotations(app, { inputs: ["i0", "i2", "typo"] })).run();
    expect(report.counts).toMatchObject({ read: 3, ok: 1, skipped: 2 });
    expect(report.skipped.map(({ reason }) => reason).sort()).toEqual([
      "it has no annotation that passes the filters",
      "no input has this id",
    ]);
  });

  it.each([
    [{ statuses: [] }],
    [{ statuses: [30000] }],
    [{ statuses: ["done"] }],
    [{ statuses: undefined }],
    [{ workers: [""] }],
    [{ datasets: ["a"] }],
  ])("refuses the options %j", async (options) => {
    const { app } = await annotated(0);
    expect(() => listAnnotations(app, options as never)).toThrow(/ERR_OPTIONS|listAnnotations/);
  });

  it.each(["removes", "patches"] as const)("yields each annotation once while the flow %s it", async (verb) => {
    const { app } = await annotated(400);
    const seen: string[] = [];
    const note = ({ value }: Message) => void seen.push(...value.annotations.map(({ id }) => `${value.id}/${id}`));
    const sink = verb === "removes" ? removeAnnotations(app) : patchAnnotations(app, { status: "success" });
    const report = await flow(listAnnotations(app, { statuses: ["awaiting review"] }))
      .pipe(tap(note), batch({ maxItems: 10 }), sink)
      .run();
    const expected = Array.from({ length: 400 }, (_, n) => n).filter((n) => n % 3 !== 2);
    expect(report.counts).toMatchObject({ ok: expected.length, failed: 0 });
    expect(seen.sort()).toEqual(expected.map((n) => `i${n}/y${n}`).sort());
    expect(await listed(app, { statuses: ["awaiting review"] })).toEqual([]);
    expect(await listed(app, { statuses: ["success"] })).toHaveLength(
      verb === "removes" ? expected.length : 2 * expected.length,
    );
  });

  it("copies annotations to the same inputs of another app, once", async () => {
    const { app, store } = await annotated();
    const other = await connect({ baseUrl: store.url, pat: "any", userId: "me", appId: "other" });
    const plain = Array.from({ length: 6 }, (_, n) => ({ id: `i${n}`, text: `text ${n}` }));
    await flow(fromIterable(plain)).pipe(batch(), upload(other)).run();
    const copy = () => flow(listAnnotations(app)).pipe(addAnnotations(other)).run();
    expect((await copy()).counts).toMatchObject({ ok: 4 });
    expect((await copy()).counts).toMatchObject({ ok: 0, skipped: 4 });
    const [from, to] = [await flow(listAnnotations(app)).toArray(), await flow(listAnnotations(other)).toArray()];
    expect(to.map(({ annotations }) => annotations)).toEqual(from.map(({ annotations }) => annotations));
    await other.close();
  });

  it("ends with the error of a page that cannot be read", async () => {
    const { app, store } = await annotated();
    store.faults.add({ method: "GET", path: "/annotations", fault: { type: "status", http: 400, code: 11102 } });
    await expect(flow(listAnnotations(app)).run()).rejects.toMatchObject({ code: "11102" });
  });
});
