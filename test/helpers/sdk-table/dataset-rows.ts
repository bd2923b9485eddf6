/** Datasets and searches: each row of the table of the official SDKs, done against the emulator. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import {
  batch,
  datasetExport,
  deadLetters,
  download,
  exportDataset,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  listInputs,
  mergeDatasets,
  searchInputs,
  upload,
} from "../../../src/index.js";
import { openStore, temporaryFolder } from "../store.js";

import { boat, files, holding, idsOf, image, inputsOf, note, send, storesTable, three, versionOf } from "./apps.js";

/** What the rows of datasets and searches say, by the first cell of the row. */
export const datasetRows: Record<string, () => Promise<void>> = {
  "app.create_dataset(dataset_id)": async () => {
    const { app } = await openStore();
    await app.postDatasets([{ id: "train" }]);
    expect((await app.listDatasets()).map(({ id }) => id)).toEqual(["train"]);
  },
  "dataset.upload_from_folder(folder_path, input_type, labels=True)": async () => {
    const { app } = await holding();
    await send(app, flow(folder(files().path, { labels: "folder", datasets: ["train"], kinds: ["image"] })));
    const inputs = Object.values(await inputsOf(app));
    expect(inputs).toHaveLength(2);
    for (const input of inputs) expect(input).toMatchObject({ concepts: boat, datasets: ["train"] });
  },
  "dataset.upload_from_csv(csv_path, input_type, csv_type)": () => storesTable(["train"]),
  "dataset.upload_dataset(dataloader)": async () => {
    const { app } = await holding();
    function* loader(): Generator<InputDraft> {
      for (let n = 0; n < 5; n += 1) {
        yield { id: `n${n}`, text: `text ${n}`, concepts: [{ id: n % 2 ? "odd" : "even" }], datasets: ["train"] };
      }
    }
    await send(app, flow(fromIterable(loader())));
    expect(await idsOf(flow(listInputs(app, { dataset: "train", concepts: ["odd"] })))).toEqual(["n1", "n3"]);
  },
  "dataset.retry_upload_from_logs(…)": async () => {
    const { app, store } = await openStore({
      faults: [{ method: "POST", path: /inputs$/, times: 1, fault: { type: "mixed", share: 1, code: 39999 } }],
    });
    const path = join(temporaryFolder(), "failed.jsonl");
    const report = await flow(fromIterable([note]))
      .pipe(batch(), upload(app))
      .run({ deadLetters: path });
    expect(report.counts).toMatchObject({ ok: 0, failed: 1 });
    expect(store.stored()).toEqual([]);
    await send(app, flow(deadLetters(path)));
    expect((await inputsOf(app)).note).toMatchObject({ text: "calm sea" });
  },
  "dataset.get_upload_status(…)": async () => {
    const { app } = await holding(...three);
    const metrics = await app.listDatasetVersionMetrics("train", await versionOf(app));
    expect(metrics.find(({ value }) => value === "total")).toMatchObject({
      counts: { inputs_count: 1, inputs_with_geo_count: 1 },
    });
  },
  "dataset.list_inputs(…)": async () => {
    const { app } = await holding(...three);
    expect(await idsOf(flow(listInputs(app, { dataset: "train" })))).toEqual(["photo"]);
  },
  "dataset.merge_dataset(merge_dataset_id)": async () => {
    const { app } = await holding(...three);
    await mergeDatasets(app, { from: "best", into: "train" }).run();
    expect(await idsOf(flow(listInputs(app, { dataset: "train" })))).toEqual(["note", "photo"]);
  },
  "dataset.create_version()": async () => {
    const { app } = await holding(...three);
    const made = await app.createDatasetVersion("train", { id: "v1", description: "first", metadata: { n: 1 } });
    expect(made).toMatchObject({ id: "v1", description: "first", metadata: { n: 1 }, status: { code: 64015 } });
  },
  "dataset.list_versions()": async () => {
    const { app } = await holding(...three);
    await versionOf(app);
    await app.createDatasetVersion("train", { id: "v2" });
    expect((await app.listDatasetVersions("train")).map(({ id }) => id).sort()).toEqual(["v1", "v2"]);
  },
  "dataset.delete_version(id)": async () => {
    const { app } = await holding(...three);
    await app.createDatasetVersion("train", { id: "v2" });
    await app.deleteDatasetVersions("train", [await versionOf(app)]);
    expect((await app.listDatasetVersions("train")).map(({ id }) => id)).toEqual(["v2"]);
  },
  "version.archive_zip()": async () => {
    const { app } = await holding(...three);
    const path = join(temporaryFolder(), "train.zip");
    const version = await versionOf(app);
    await exportDataset(app, { dataset: "train", version, path, format: "clarifai_data_protobuf", allowPrivate: true });
    expect(await idsOf(flow(datasetExport(path, { app })))).toEqual(["photo"]);
  },
  "version.export(save_path)": async () => {
    const { app } = await holding(...three);
    const folderPath = temporaryFolder();
    const path = join(folderPath, "train.zip");
    await exportDataset(app, { dataset: "train", path, allowPrivate: true });
    const out = join(folderPath, "out");
    const report = await flow(datasetExport(path, { app })).pipe(download(out, { app })).run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 0 });
    const name = readdirSync(out).find((one) => one.endsWith(".png")) as string;
    expect(readFileSync(join(out, name)).equals(image)).toBe(true);
  },
  "for input in version": async () => {
    const archive = join(import.meta.dirname, "../../cases/files/exports/sdk.zip");
    expect(existsSync(archive)).toBe(true);
    expect((await flow(datasetExport(archive)).toArray()).length).toBeGreaterThan(0);
  },
  'Search(…).query(filters=[{ "concepts": […], "metadata": { … } }])': async () => {
    const { app } = await holding(...three);
    expect(await idsOf(flow(searchInputs(app, { concepts: ["boat"], metadata: { split: "a" } })))).toEqual(["photo"]);
    expect(await idsOf(flow(searchInputs(app, { metadata: { split: "a" } })))).toEqual(["note", "photo"]);
  },
  'Search(…).query(filters=[{ "geo_point": { … } }])': async () => {
    const { app } = await holding(...three);
    const location = { longitude: 4.6, latitude: 51.5, withinKm: 20 };
    expect(await idsOf(flow(searchInputs(app, { location })))).toEqual(["photo"]);
  },
  'Search(…).query(filters=[{ "input_types": […], "input_dataset_ids": […], "input_status_code": … }])': async () => {
    const { app } = await holding(...three);
    expect(await idsOf(flow(searchInputs(app, { kinds: ["text"], status: 30000 })))).toEqual(["far", "note"]);
    expect(await idsOf(flow(searchInputs(app, { kinds: ["text"], datasets: ["best"] })))).toEqual(["note"]);
    expect(await idsOf(flow(searchInputs(app, { kinds: ["image"], datasets: ["best"] })))).toEqual([]);
  },
  'Search(…, top_k=10).query(ranks=[{ "text_raw": … }])': async () => {
    const { app } = await holding(...three);
    const found = await flow(searchInputs(app, { text: "calm sea", topK: 1 })).toArray();
    expect(found).toMatchObject([{ id: "note", text: "calm sea" }]);
  },
};
