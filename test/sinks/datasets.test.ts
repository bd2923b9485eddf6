/** Adding inputs to datasets, and removing them. */

import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  type App,
  addToDataset,
  flow,
  fromIterable,
  listInputs,
  removeFromDataset,
  undo,
  upload,
} from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { tempFolder } from "../helpers/files.js";
import { openStore } from "../helpers/store.js";

const temp = tempFolder();
const named = (...ids: string[]) => flow(fromIterable(ids.map((id) => ({ id }))));

async function stored(count: number, datasets: string[] = []) {
  const opened = await openStore();
  const inputs = Array.from({ length: count }, (_, n) => ({ id: `t${n}`, text: `text ${n}`, datasets }));
  await flow(fromIterable(inputs)).pipe(upload(opened.app)).run();
  return { ...opened, ids: inputs.map(({ id }) => id) };
}

async function members(app: App, dataset: string): Promise<string[]> {
  const inputs = await flow(listInputs(app, { dataset })).toArray();
  return inputs.map(({ id }) => id).sort();
}

testSink("addToDataset", async () => {
  const { app, ids } = await stored(5);
  return {
    sink: addToDataset(app, { dataset: "train" }),
    inputs: ids.map((id) => ({ id })),
    written: async () => ((await app.getDataset("train")) ? members(app, "train") : []),
  };
});

testSink("removeFromDataset", async () => {
  const { app, ids } = await stored(5, ["train"]);
  return {
    sink: removeFromDataset(app, { dataset: "train" }),
    inputs: ids.map((id) => ({ id })),
    written: async () => {
      const left = await members(app, "train");
      return ids.filter((id) => !left.includes(id));
    },
  };
});

describe("addToDataset", () => {
  it("creates the dataset, adds inputs without their content, and can run again", async () => {
    const { app, ids } = await stored(300);
    for (let run = 0; run < 2; run += 1) {
      const report = await named(...ids)
        .pipe(addToDataset(app, { dataset: "train" }))
        .run();
      expect(report.counts).toMatchObject({ read: 300, ok: 300, failed: 0 });
      expect(report.targets[0]?.datasets).toEqual(["train"]);
    }
    expect(await members(app, "train")).toEqual([...ids].sort());
  });

  it("fails an input that does not exist, by name, and adds the others of its request", async () => {
    const { app } = await stored(2);
    const report = await named("t0", "absent", "t1")
      .pipe(addToDataset(app, { dataset: "train" }))
      .run();
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "absent", code: "30102", stage: "addToDataset" });
    expect(report.failures[0]?.reason).toContain('the input "absent" does not exist');
    expect(await members(app, "train")).toEqual(["t0", "t1"]);
  });

  it("skips inputs that a listing of the app has in the dataset", async () => {
    const { app, ids } = await stored(3);
    await app.postDatasets([{ id: "train" }]);
    await app.addToDataset("train", ["t1"]);
    const report = await flow(listInputs(app, { datasets: true }))
      .pipe(addToDataset(app, { dataset: "train" }))
      .run();
    expect(report.counts).toMatchObject({ ok: 2, skipped: 1 });
    expect(report.skipped[0]).toMatchObject({ reason: "already in the dataset" });
    expect(await members(app, "train")).toEqual(ids);
  });

  it("refuses a dataset that does not exist if it may not create one", async () => {
    const { app } = await stored(1);
    const run = named("t0")
      .pipe(addToDataset(app, { dataset: "trian", create: false }))
      .run();
    await expect(run).rejects.toMatchObject({ code: "11101" });
    await expect(run).rejects.toThrow('addToDataset: the dataset "trian" does not exist');
    expect(await app.listDatasets()).toEqual([]);
  });

  it("adds nothing in a dry run, and counts what a run would do", async () => {
    const { app } = await stored(2);
    const plan = await named("t0", "t1", "absent")
      .pipe(addToDataset(app, { dataset: "train" }))
      .plan();
    expect(plan.counts).toMatchObject({ ok: 2, refused: 1 });
    expect(await app.listDatasets()).toEqual([]);
    expect(plan.requests).toBe(1);
  });

  it("counts inputs that an upload before it would add in a dry run", async () => {
    const { app } = await openStore();
    const inputs = fromIterable([{ id: "new", text: "new" }]);
    const both = flow(inputs).pipe(upload(app), addToDataset(app, { dataset: "train" }));
    expect((await both.plan()).counts).toMatchObject({ ok: 1, refused: 0 });
    expect((await both.run()).counts).toMatchObject({ ok: 1, failed: 0 });
    expect(await members(app, "train")).toEqual(["new"]);
  });

  it("resumes with a journal", async () => {
    const { app, ids } = await stored(10);
    const journal = join(temp, "a.journal");
    const first = named(...ids.slice(0, 4)).pipe(addToDataset(app, { dataset: "train" }));
    expect((await first.run({ journal })).counts).toMatchObject({ ok: 4 });
    const all = named(...ids).pipe(addToDataset(app, { dataset: "train" }));
    expect((await all.run({ journal })).counts).toMatchObject({ ok: 6, skipped: 4 });
    expect(await members(app, "train")).toEqual(ids);
  });

  it("adds each input once when two runs work at the same time", async () => {
    const { app, ids } = await stored(200);
    const run = () =>
      named(...ids)
        .pipe(addToDataset(app, { dataset: "train" }))
        .run();
    for (const { counts } of await Promise.all([run(), run()])) expect(counts).toMatchObject({ ok: 200 });
    expect(await members(app, "train")).toEqual([...ids].sort());
  });
});

describe("removeFromDataset", () => {
  it("removes inputs from the dataset alone, and can run again", async () => {
    const { app, ids } = await stored(3, ["train", "all"]);
    for (let run = 0; run < 2; run += 1) {
      const report = await named("t0", "t2")
        .pipe(removeFromDataset(app, { dataset: "train" }))
        .run();
      expect(report.counts).toMatchObject({ ok: 2, failed: 0 });
    }
    expect(await members(app, "train")).toEqual(["t1"]);
    expect(await members(app, "all")).toEqual(ids);
  });

  it("empties a dataset that it lists", async () => {
    const { app } = await stored(300, ["train"]);
    const report = await flow(listInputs(app, { dataset: "train" }))
      .pipe(removeFromDataset(app, { dataset: "train" }))
      .run();
    expect(report.counts).toMatchObject({ read: 300, ok: 300 });
    expect(await members(app, "train")).toEqual([]);
    expect((await app.countInputs()).processed).toBe(300);
  });

  it("fails an input that does not exist, by name", async () => {
    const { app } = await stored(1, ["train"]);
    const sink = removeFromDataset(app, { dataset: "train" });
    const { counts, failures } = await named("absent", "t0").pipe(sink).run();
    expect(counts).toMatchObject({ ok: 1, failed: 1 });
    expect(failures[0]).toMatchObject({ id: "absent", code: "30102" });
    expect(failures[0]?.reason).toContain('the input "absent" does not exist');
  });

  it("rejects if the dataset does not exist", async () => {
    const { app } = await stored(1);
    const run = named("t0")
      .pipe(removeFromDataset(app, { dataset: "nope" }))
      .run();
    await expect(run).rejects.toThrow('removeFromDataset: the dataset "nope" does not exist');
  });

  it("removes nothing in a dry run", async () => {
    const { app } = await stored(2, ["train"]);
    const plan = await named("t0", "absent")
      .pipe(removeFromDataset(app, { dataset: "train" }))
      .plan();
    expect(plan.counts).toMatchObject({ ok: 1, refused: 1 });
    expect(await members(app, "train")).toEqual(["t0", "t1"]);
  });
});

describe("a run with undo", () => {
  it("leaves the members as they were, when it is undone", async () => {
    const { app, ids } = await stored(10, ["old"]);
    await app.postDatasets([{ id: "new" }]);
    await app.addToDataset("new", ["t0"]);
    const path = join(temp, "changes.undo");
    const move = flow(listInputs(app, { dataset: "old" })).pipe(
      addToDataset(app, { dataset: "new" }),
      removeFromDataset(app, { dataset: "old" }),
    );
    expect((await move.run({ undo: path })).counts).toMatchObject({ ok: 10 });
    expect([await members(app, "old"), await members(app, "new")]).toEqual([[], ids]);
    expect((await undo(app, path)).counts).toMatchObject({ failed: 0 });
    expect([await members(app, "old"), await members(app, "new")]).toEqual([ids, ["t0"]]);
  });
});
