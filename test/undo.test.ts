import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it, vi } from "vitest";
import { encodeLine } from "../src/core/journal/lines.js";
import { UndoLog } from "../src/core/journal/undo-log.js";
import {
  type App,
  batch,
  defineSink,
  flow,
  fromIterable,
  listInputs,
  planUndo,
  remove,
  undo,
  upload,
} from "../src/index.js";
import { snapshotOf } from "./helpers/app-snapshot.js";
import { openStore, temporaryFolder } from "./helpers/store.js";
import { changeFlow, changeVerbs, inputsToChange } from "./helpers/undo-flows.js";

const count = 6;

const picture = (shade: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: shade, g: 20, b: 30 } } })
    .png()
    .toBuffer();

/** An app with texts and images that have everything that can be changed. */
async function filledApp(): Promise<{ app: App; path: string; folder: string }> {
  const { app } = await openStore({ deleteDelayMs: 1 });
  await app.postDatasets(["train", "best", "test"].map((id) => ({ id })));
  const report = await flow(fromIterable(inputsToChange(count, [await picture(0), await picture(90)])))
    .pipe(batch(), upload(app))
    .run();
  expect(report.failures).toEqual([]);
  expect(report.counts.ok).toBe(count);
  const folder = temporaryFolder();
  return { app, folder, path: join(folder, "run.undo") };
}

/** Takes a snapshot without the concepts that a run added to the app, which stay. */
async function comparable(app: App, before: Record<string, unknown>): Promise<Record<string, unknown>> {
  const now = await snapshotOf(app);
  const known = Object.entries(now.concepts as object).filter(([id]) => id in (before.concepts as object));
  return { ...now, concepts: Object.fromEntries(known) };
}

describe("undo", () => {
  it.each(changeVerbs)("restores what a run changed: %s", async (verb) => {
    const { app, path } = await filledApp();
    const before = await snapshotOf(app);
    const changed = await changeFlow(app, verb, count).run({ undo: { path, media: true } });
    expect(changed.counts).toMatchObject({ failed: 0, pending: 0 });
    expect(changed.undo?.states).toBe(changed.counts.ok);
    expect(changed.summary()).toContain(`states are recorded in ${path}`);
    expect(await comparable(app, before)).not.toEqual(before);

    const plan = await planUndo(app, path);
    expect(plan.refused).toEqual([]);
    expect(plan.counts.refused).toBe(0);
    expect(await comparable(app, before)).not.toEqual(before);

    const report = await undo(app, path);
    expect(report.counts).toMatchObject({ failed: 0, pending: 0 });
    expect(report.counts.ok).toBeGreaterThan(0);
    expect(await comparable(app, before)).toEqual(before);
    expect((await undo(app, path)).skipped).toMatchObject([{ reason: "everything in it is restored", count: 1 }]);
  });

  it("restores the state before the first change of several runs, and begins anew after an undo", async () => {
    const { app, path } = await filledApp();
    const before = await snapshotOf(app);
    await changeFlow(app, "patch", count).run({ undo: path });
    await changeFlow(app, "removeAnnotations", count).run({ undo: path });
    expect((await undo(app, path)).ok).toBe(true);
    expect(await comparable(app, before)).toEqual(before);
    await changeFlow(app, "patch", count).run();
    const between = await snapshotOf(app);
    await changeFlow(app, "patchById", count).run({ undo: path });
    expect((await undo(app, path)).ok).toBe(true);
    expect(await comparable(app, between)).toEqual(between);
  });

  it("fails a deleted image whose file was not kept, and restores everything else", async () => {
    const { app, path } = await filledApp();
    await changeFlow(app, "remove", count).run({ undo: path });
    const report = await undo(app, path);
    expect(report.counts).toMatchObject({ read: 6, ok: 1, failed: 5 });
    expect(report.failures.map(({ code, id }) => `${id} ${code}`).sort()).toEqual(
      ["i1", "i2", "i3", "i4", "i5"].map((id) => `${id} ERR_UNDO_MEDIA`),
    );
    expect(report.failures[0]?.reason).toContain("media: true");
    expect((await undo(app, path)).counts).toMatchObject({ read: 6, ok: 0, skipped: 1, failed: 5 });
  });

  it("keeps the file of the first deletion if another file was uploaded and deleted under the same id", async () => {
    const { app, path } = await filledApp();
    const before = await snapshotOf(app);
    await changeFlow(app, "remove", count).run({ undo: { path, media: true } });
    await flow(fromIterable([{ id: "i1", image: { bytes: await picture(255) } }]))
      .pipe(upload(app))
      .run();
    await changeFlow(app, "remove", count).run({ undo: { path, media: true } });
    expect((await undo(app, path)).ok).toBe(true);
    expect(await comparable(app, before)).toEqual(before);
  });

  it("fails an input whose kept file has changed", async () => {
    const { app, path } = await filledApp();
    await changeFlow(app, "remove", count).run({ undo: { path, media: true } });
    const files = readdirSync(`${path}.media`);
    writeFileSync(join(`${path}.media`, files.find((name) => name.startsWith("i1.")) as string), "other");
    const report = await undo(app, path);
    expect(report.failures).toMatchObject([{ code: "ERR_FILE_CHANGED" }]);
    expect(report.counts.ok).toBe(5);
  });

  it("reports a damaged line, and leaves out a last line that is not complete", async () => {
    const { app, path } = await filledApp();
    await changeFlow(app, "patch", count).run({ undo: path });
    const lines = readFileSync(path, "utf8").split("\n");
    lines[2] = (lines[2] as string).replace("text", "tent").replace("boat", "goat");
    writeFileSync(path, `${lines.join("\n")}{"sum":"0123`);
    const report = await undo(app, path);
    expect(report.counts).toMatchObject({ read: 6, ok: 5, failed: 1 });
    expect(report.failures).toMatchObject([{ code: "ERR_UNDO_LINE", origin: `${path}:3` }]);
  });

  it("does not take an input without a time of creation for names of concepts", async () => {
    const { app, path } = await filledApp();
    await changeFlow(app, "patchById", count).run({ undo: path });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const timeless = lines.map((line) => {
      const { sum: _, ...record } = JSON.parse(line) as { sum: string; state?: { createdAt?: string } };
      delete record.state?.createdAt;
      return encodeLine(record);
    });
    writeFileSync(path, timeless.join(""));
    const report = await undo(app, path);
    // Whether a text is the same is known from the text; whether a file is the same is not.
    expect(new Set(report.failures.map(({ code }) => code))).toEqual(new Set(["ERR_UNDO_MEDIA"]));
    const texts = (await flow(listInputs(app)).toArray()).filter(
      (input) => input.image === undefined && input.text !== undefined,
    );
    expect(report.counts.ok).toBe(texts.length);
    for (const { metadata } of texts) expect(metadata).not.toHaveProperty("only");
  });

  it("refuses a file of another kind, another app, a missing file, and a flow that changes nothing", async () => {
    const { app, path, folder } = await filledApp();
    const journal = join(folder, "run.journal");
    await changeFlow(app, "patch", count).run({ undo: path, journal });
    await expect(undo(app, journal)).rejects.toMatchObject({ code: "ERR_UNDO_FORMAT" });
    await expect(changeFlow(app, "patch", count).run({ undo: journal })).rejects.toMatchObject({
      code: "ERR_UNDO_FORMAT",
    });
    await expect(undo(app, join(folder, "none"))).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
    const { app: other } = await openStore();
    await expect(undo(other, path)).rejects.toMatchObject({ code: "ERR_UNDO_TARGET" });
    const adding = flow(fromIterable([{ text: "a" }])).pipe(upload(app));
    await expect(adding.run({ undo: path })).rejects.toMatchObject({ code: "ERR_UNDO" });
    expect(existsSync(join(folder, "none"))).toBe(false);
  });

  it("lets one process at a time write the file", async () => {
    const { app, path } = await filledApp();
    const log = await UndoLog.open({ path, media: false });
    await expect(changeFlow(app, "patch", count).run({ undo: path })).rejects.toMatchObject({
      code: "ERR_UNDO_LOCKED",
    });
    await log.close();
  });

  it("changes nothing that it could not record", async () => {
    const { app, folder } = await filledApp();
    const before = await snapshotOf(app);
    const path = join(folder, "run.undo");
    const record = vi.spyOn(UndoLog.prototype, "record").mockRejectedValue(new Error("no space left"));
    await expect(changeFlow(app, "remove", count).run({ undo: path })).rejects.toThrow("no space left");
    record.mockRestore();
    expect(await snapshotOf(app)).toEqual(before);
  });

  it("does not delete an input whose file it cannot keep, and says so", async () => {
    const { app } = await openStore({ urls: "accept" });
    const path = join(temporaryFolder(), "run.undo");
    const stored = { id: "far", image: { url: "http://10.0.0.1/far.png" } };
    await flow(fromIterable([stored, { id: "note", text: "calm" }]))
      .pipe(batch(), upload(app))
      .run();
    const report = await flow(listInputs(app))
      .pipe(batch(), remove(app))
      .run({ undo: { path, media: true } });
    expect(report.counts).toMatchObject({ read: 2, ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({ id: "far", code: "ERR_ADDRESS_PRIVATE" });
    expect(report.failures[0]?.reason).toMatch(
      /^it was left as it is, since its file cannot be kept for undo: .*10\.0\.0\.1/,
    );
    expect((await app.listInputs({})).map(({ id }) => id)).toEqual(["far"]);
  });

  it("records the states of a user's sink before it writes", async () => {
    const folder = temporaryFolder();
    const path = join(folder, "run.undo");
    const rows = new Map([["a", 1]]);
    const events: string[] = [];
    const setRow = defineSink({
      name: "setRow",
      stateReader: () => () => async (batch) => {
        events.push("read");
        return batch.inputs.map(({ id }) => (rows.has(id) ? { id, row: rows.get(id) ?? 0 } : undefined));
      },
      async write(batch) {
        events.push(`write after ${readFileSync(path, "utf8").split("\n").length - 2} states`);
        for (const { id } of batch.inputs) rows.set(id, 2);
      },
    });
    const inputs = ["a", "b"].map((id) => ({ id, text: id }));
    const report = await flow(fromIterable(inputs)).pipe(batch(), setRow()).run({ undo: path });
    expect(report.undo).toEqual({ path, states: 1, media: false });
    expect(events).toEqual(["read", "write after 1 states"]);
  });
});
