import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import {
  type App,
  addAnnotations,
  batch,
  defineSink,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  patch,
  patchConcepts,
  planUndo,
  type Report,
  remove,
  removeAnnotations,
  transform,
  undo,
  upload,
} from "../src/index.js";
import { snapshotOf } from "./helpers/app-snapshot.js";
import { openStore, temporaryFolder } from "./helpers/store.js";

const picture = (shade: number) =>
  sharp({ create: { width: 8, height: 8, channels: 3, background: { r: shade, g: 20, b: 30 } } })
    .png()
    .toBuffer();

/** An app with texts and images that have everything that can be changed. */
async function filledApp(): Promise<{ app: App; path: string; folder: string }> {
  const { app } = await openStore();
  await app.postDatasets([{ id: "train" }, { id: "test" }]);
  const inputs: InputDraft[] = [];
  for (let n = 0; n < 6; n += 1) {
    const content = n % 2 === 0 ? { text: `text ${n}` } : { image: { bytes: await picture(n * 40) } };
    const box: [number, number, number, number] = [0.1, 0.1, 0.5, 0.5];
    inputs.push({
      ...{ id: `i${n}`, ...content, metadata: { n, nested: { list: [n, "x"] } }, datasets: n < 3 ? ["train"] : [] },
      concepts: [{ id: "boat", value: n % 3 === 0 ? 0 : 1 }],
      ...(n === 1 ? { geo: { longitude: 10.5, latitude: 53.25 } } : {}),
      ...(n % 2 === 1 ? { annotations: [{ id: `a${n}`, box, concepts: [{ id: "mast" }], info: { by: "test" } }] } : {}),
    });
  }
  const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
  expect(report.counts.ok).toBe(6);
  const folder = temporaryFolder();
  return { app, folder, path: join(folder, "run.undo") };
}

const listed = (app: App) => flow(listInputs(app, { annotations: true, datasets: true }));

const changeAll = transform((input) => ({
  ...input,
  metadata: { ...input.metadata, nested: { other: true }, added: "yes" },
  concepts: [{ id: "harbour" }],
  geo: { longitude: 1, latitude: 2 },
  datasets: ["test"],
  annotations: input.annotations.map((one) => ({ ...one, box: [0.2, 0.2, 0.9, 0.9] as const, info: { by: "us" } })),
}));

const box = { id: "new", box: [0, 0, 1, 1] as [number, number, number, number], concepts: [{ id: "sky" }] };

/** Flows that change or delete what the app has. */
const changes: Record<string, (app: App, options: { undo: { path: string; media?: boolean } }) => Promise<Report>> = {
  "patch, listed": (app, options) => listed(app).pipe(changeAll, batch(), patch(app)).run(options),
  "patch, overwriting by id": (app, options) =>
    flow(fromIterable([{ id: "i0", metadata: { only: 1 } }, { id: "i1", concepts: [{ id: "buoy" }] }]))
      .pipe(patch(app, { action: "overwrite" }))
      .run(options),
  "addAnnotations, replacing": (app, options) =>
    flow(fromIterable([{ id: "i0", annotations: [box] }, { id: "i1", annotations: [{ ...box, id: "a1" }] }]))
      .pipe(addAnnotations(app, { conflict: "replace" }))
      .run(options),
  removeAnnotations: (app, options) => listed(app).pipe(removeAnnotations(app)).run(options),
  patchConcepts: (app, options) =>
    flow(fromIterable([{ concepts: [{ id: "boat", name: "ship" }] }])).pipe(patchConcepts(app)).run(options),
  "upload, replacing": async (app, options) => {
    const image = { bytes: await picture(255) };
    return flow(fromIterable([{ id: "i0", text: "another text" }, { id: "i1", image }, { id: "added", text: "new" }]))
      .pipe(upload(app, { conflict: "replace" }))
      .run({ undo: { ...options.undo, media: true } });
  },
  remove: (app, options) => listed(app).pipe(batch(), remove(app)).run({ undo: { ...options.undo, media: true } }),
};

describe("undo", () => {
  for (const [name, change] of Object.entries(changes)) {
    it(`restores what a run changed: ${name}`, async () => {
      const { app, path } = await filledApp();
      const before = await snapshotOf(app);
      const changed = await change(app, { undo: { path } });
      expect(changed.counts).toMatchObject({ failed: 0, pending: 0 });
      expect(changed.undo?.states).toBeGreaterThan(0);
      if (name === "upload, replacing") await flow(fromIterable([{ id: "added" }])).pipe(remove(app)).run();
      const between = await snapshotOf(app);
      expect(between).not.toEqual(before);

      const report = await undo(app, path);
      expect(report.summary()).toMatch(/^read \d+ = ok/);
      expect(report.counts).toMatchObject({ failed: 0, pending: 0 });
      const after = await snapshotOf(app);
      const added = Object.keys(after.concepts as object).filter((id) => !(id in (before.concepts as object)));
      for (const id of added) delete (after.concepts as Record<string, unknown>)[id]; // concepts that the run added to the app stay
      expect(after).toEqual(before);

      const again = await undo(app, path);
      expect(again.counts.read).toBe(0);
    });
  }
});
