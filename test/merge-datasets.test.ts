import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type App, flow, fromIterable, listInputs, mergeDatasets, upload } from "../src/index.js";
import { openStore, temporaryFolder } from "./helpers/store.js";

/** Stores 300 inputs: the first 200 are in the dataset a, the last 200 in b. */
async function stored(): Promise<App> {
  const { app } = await openStore();
  const inputs = Array.from({ length: 300 }, (_, n) => ({
    id: `t${n}`,
    text: `text ${n}`,
    datasets: [...(n < 200 ? ["a"] : []), ...(n >= 100 ? ["b"] : [])],
  }));
  await flow(fromIterable(inputs)).pipe(upload(app)).run();
  return app;
}

const idsOf = async (app: App, dataset: string | string[]) =>
  (await flow(listInputs(app, { dataset })).toArray()).map(({ id }) => id).sort();
const all = Array.from({ length: 300 }, (_, n) => `t${n}`).sort();

describe("mergeDatasets", () => {
  it("adds each member of several datasets once, and leaves the datasets as they are", async () => {
    const app = await stored();
    const report = await mergeDatasets(app, { from: ["a", "b"], into: "all" }).run();
    expect(report.counts).toMatchObject({ read: 300, ok: 300, skipped: 0 });
    expect(await idsOf(app, "all")).toEqual(all);
    expect((await idsOf(app, "a")).length).toBe(200);
    expect((await mergeDatasets(app, { from: ["a", "b"], into: "all" }).run()).counts).toMatchObject({ ok: 300 });
    expect(await idsOf(app, "all")).toEqual(all);
  });

  it("adds to a dataset that exists", async () => {
    const app = await stored();
    await mergeDatasets(app, { from: "a", into: "b", create: false }).run();
    expect(await idsOf(app, "b")).toEqual(all);
  });

  it("resumes with a journal", async () => {
    const app = await stored();
    const journal = join(temporaryFolder(), "merge.journal");
    await mergeDatasets(app, { from: "a", into: "all" }).run({ journal });
    const again = await mergeDatasets(app, { from: "a", into: "all" }).run({ journal });
    expect(again.counts).toMatchObject({ ok: 0, skipped: 200 });
  });

  it("changes nothing in a plan", async () => {
    const app = await stored();
    const plan = await mergeDatasets(app, { from: "a", into: "all" }).plan();
    expect(plan.counts).toMatchObject({ ok: 200 });
    expect((await app.listDatasets()).map(({ id }) => id).sort()).toEqual(["a", "b"]);
  });

  it("refuses to merge a dataset into itself", async () => {
    const app = await stored();
    const text = 'the dataset "a" cannot be merged into itself';
    expect(() => mergeDatasets(app, { from: ["a", "b"], into: "a" })).toThrow(text);
  });

  it("rejects if a dataset does not exist", async () => {
    const app = await stored();
    await expect(mergeDatasets(app, { from: "nope", into: "all" }).run()).rejects.toMatchObject({ code: "11101" });
  });
});

describe("listInputs with several datasets", () => {
  it("yields each input once", async () => {
    const app = await stored();
    expect(await idsOf(app, ["a", "b", "a"])).toEqual(all);
    expect((await idsOf(app, ["a"])).length).toBe(200);
  });

  it("selects ids, and refuses a page", async () => {
    const app = await stored();
    const found = await flow(listInputs(app, { dataset: ["a", "b"], ids: ["t0", "t299", "nope"] })).run();
    expect(found.counts).toMatchObject({ ok: 2, skipped: 1 });
    expect(found.skipped[0]?.reason).toBe("the datasets have no input with this id");
    expect(() => listInputs(app, { dataset: ["a"], page: 1 })).toThrow("page needs one dataset");
  });
});
