/** Each row of the tables of docs/guide/from-the-official-sdks.md, done against the emulator. The first cell of a row is the name of its test. */

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import {
  type App,
  addAnnotations,
  annotate,
  batch,
  boundingBox,
  connect,
  csv,
  datasetExport,
  deadLetters,
  download,
  exportDataset,
  type Flow,
  flow,
  folder,
  fromIterable,
  type Input,
  type InputDraft,
  listAnnotations,
  listInputs,
  mask,
  mergeDatasets,
  patch,
  patchAnnotations,
  patchConcepts,
  polygon,
  remove,
  removeAnnotations,
  searchInputs,
  upload,
  urls,
} from "../src/index.js";
import { annotationOf } from "./helpers/annotation-kinds.js";
import { makeAuthority, serveTls } from "./helpers/certificates.js";
import { serveContents, smallContent } from "./helpers/small-contents.js";
import { openStore, temporaryFolder } from "./helpers/store.js";

const page = readFileSync(join(import.meta.dirname, "../docs/guide/from-the-official-sdks.md"), "utf8");
const image = smallContent("image", 0);
const photo: InputDraft = { id: "photo", image: { bytes: image }, concepts: [{ id: "boat", name: "boat", value: 1 }] };
const note: InputDraft = { id: "note", text: "calm sea" };

async function send(app: App, source: Flow): Promise<void> {
  const report = await source.pipe(batch(), upload(app)).run();
  expect(report.failures).toEqual([]);
  expect(report.counts.ok).toBeGreaterThan(0);
}

/** An app with these inputs. */
async function holding(...drafts: InputDraft[]) {
  const opened = await openStore({ deleteDelayMs: 1 });
  if (drafts.length > 0) await send(opened.app, flow(fromIterable(drafts)));
  return opened;
}

/** Returns the inputs of an app by id, whole. */
async function inputsOf(app: App): Promise<Record<string, Input>> {
  const inputs = await flow(listInputs(app, { annotations: true, datasets: true })).toArray();
  return Object.fromEntries(inputs.map((input) => [input.id, input]));
}

const idsOf = async (source: Flow) => (await source.toArray()).map(({ id }) => id).sort();

/** Returns the bytes that the app stores for an image. */
async function storedBytes(app: App, id: string): Promise<Buffer> {
  const content = (await inputsOf(app))[id]?.image as { hostedUrl?: string } | undefined;
  const url = content?.hostedUrl ?? "none";
  const response = await fetch(url, { headers: { ...app.authorize(new URL(url))?.headers } });
  return Buffer.from(await response.arrayBuffer());
}

/** A folder with two images, a text, and a table. */
function files() {
  const path = temporaryFolder();
  mkdirSync(join(path, "boat"));
  writeFileSync(join(path, "boat", "a.png"), smallContent("image", 1));
  writeFileSync(join(path, "boat", "b.png"), smallContent("image", 2));
  writeFileSync(join(path, "boat", "c.txt"), "calm sea");
  const table = join(path, "table.csv");
  writeFileSync(table, 'inputid,input,concepts,metadata,geopoints\nrow,fog,"sea,sky","{""n"":1}","4.5,51.5"\n');
  return { path, table, file: join(path, "boat", "a.png") };
}

async function served(): Promise<string> {
  const { origin, server } = await serveContents();
  onTestFinished(() => void server.close());
  return `${origin}/0.png`;
}

async function storesImage(draft: InputDraft, bytes: Uint8Array): Promise<void> {
  const { app } = await holding(draft);
  expect(Object.keys(await inputsOf(app))).toEqual([draft.id]);
  expect((await storedBytes(app, draft.id as string)).equals(bytes)).toBe(true);
}

async function storesText(draft: InputDraft): Promise<void> {
  const { app } = await holding(draft);
  expect((await inputsOf(app)).note).toMatchObject({ text: "calm sea" });
}

async function storesTable(datasets: string[] = []): Promise<void> {
  const { app } = await holding();
  await send(app, flow(csv(files().table, { datasets })));
  const expected = { text: "fog", metadata: { n: 1 }, geo: { longitude: 4.5, latitude: 51.5 }, datasets };
  const { row } = await inputsOf(app);
  expect(row).toMatchObject(expected);
  expect(row?.concepts.map(({ id, value }) => [id, value])).toEqual([
    ["sea", 1],
    ["sky", 1],
  ]);
}

async function drawn(made: Parameters<typeof annotate>[0], expected: object): Promise<void> {
  const { app } = await holding();
  await send(app, flow(fromIterable([photo])).pipe(annotate(made)));
  const found = (await inputsOf(app)).photo?.annotations;
  expect(found).toHaveLength(1);
  expect(found?.[0]).toMatchObject(expected);
}

const corners: [number, number][] = [
  [0.1, 0.1],
  [0.9, 0.1],
  [0.5, 0.9],
];
const boat = [expect.objectContaining({ id: "boat", value: 1 }) as object];

/** Three inputs of which one is in each dataset. */
const three: InputDraft[] = [
  { ...photo, datasets: ["train"], metadata: { split: "a" }, geo: { longitude: 4.5, latitude: 51.5 } },
  { ...note, datasets: ["best"], metadata: { split: "a" } },
  {
    id: "far",
    text: "far away",
    concepts: [{ id: "boat", name: "boat", value: 0 }],
    geo: { longitude: 100, latitude: 1 },
  },
];

async function stores(client: (url: string) => Promise<App>, url: string, app: App): Promise<void> {
  const mine = await client(url);
  onTestFinished(() => mine.close());
  await send(mine, flow(fromIterable([note])));
  expect(Object.keys(await inputsOf(app))).toEqual(["note"]);
}

const versionOf = async (app: App) => (await app.createDatasetVersion("train", { id: "v1" })).id;

const rows: Record<string, () => Promise<void>> = {
  "Inputs(user_id, app_id, pat)": async () => {
    const { app, store } = await openStore();
    const client = { userId: "me", appId: "main", pat: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "Inputs(user_id, app_id, token)": async () => {
    const { app, store } = await openStore();
    const client = { userId: "me", appId: "main", sessionToken: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "App(url)": async () => {
    const { app, store } = await openStore();
    vi.stubEnv("CLARIFAI_UI", "https://clarifai.example");
    onTestFinished(() => void vi.unstubAllEnvs());
    const client = { url: "https://clarifai.example/me/main/inputs", pat: "any" };
    await stores((baseUrl) => connect({ ...client, baseUrl }), store.url, app);
  },
  "Inputs(root_certificates_path)": async () => {
    const { app, store } = await openStore();
    const authority = makeAuthority();
    const port = await serveTls(authority.issue("IP:127.0.0.1"), store.url);
    const client = { pat: "any", caFile: authority.caFile, wire: "rest" } as const;
    await stores((baseUrl) => connect({ ...client, baseUrl }), `https://127.0.0.1:${port}`, app);
  },
  "inputs.upload_from_url(input_id, image_url=…)": async () => {
    const url = await served();
    const { app } = await openStore();
    await send(app, flow(fromIterable([{ id: "photo", image: { url } }])));
    expect((await storedBytes(app, "photo")).equals(smallContent("url", 0))).toBe(true);
    await send(app, flow(urls([url.replace("0.png", "1.png")])));
    expect(Object.keys(await inputsOf(app))).toHaveLength(2);
  },
  "inputs.upload_from_file(input_id, image_file=…)": () =>
    storesImage({ id: "photo", image: { path: files().file } }, smallContent("image", 1)),
  "inputs.upload_from_bytes(…)": () => storesImage(photo, image),
  "inputs.upload_text(input_id, raw_text)": () => storesText(note),
  "inputs.upload_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    expect(Object.keys(await inputsOf(app)).sort()).toEqual(["note", "photo"]);
  },
  "Inputs.get_input_from_url(…)": async () => {
    const url = await served();
    const { app } = await openStore();
    await send(app, flow(fromIterable([{ id: "photo", image: { url } }])));
    expect((await inputsOf(app)).photo?.image).toMatchObject({ url });
  },
  "Inputs.get_input_from_file(…)": () =>
    storesImage({ id: "b", image: { path: join(files().path, "boat/b.png") } }, smallContent("image", 2)),
  "Inputs.get_input_from_bytes(…)": async () => {
    const { app } = await holding({ id: "sound", audio: { bytes: smallContent("audio", 0) } });
    expect((await inputsOf(app)).sound?.audio).toBeDefined();
  },
  "Inputs.get_text_input(…)": () => storesText({ ...note, datasets: ["train"] }),
  "Inputs.get_multimodal_input(…)": async () => {
    const { app } = await holding({ ...photo, text: "What is this?" });
    expect((await inputsOf(app)).photo).toMatchObject({ text: "What is this?" });
    expect((await storedBytes(app, "photo")).equals(image)).toBe(true);
  },
  "Inputs.get_image_inputs_from_folder(…)": async () => {
    const { app } = await holding();
    await send(app, flow(folder(files().path, { kinds: ["image"] })));
    const inputs = Object.values(await inputsOf(app));
    expect(inputs.map((input) => input.image !== undefined)).toEqual([true, true]);
  },
  "Inputs.get_text_inputs_from_folder(…)": async () => {
    const { app } = await holding();
    await send(app, flow(folder(join(files().path, "boat"), { kinds: ["text"] })));
    expect(Object.values(await inputsOf(app))).toMatchObject([{ text: "calm sea" }]);
  },
  "Inputs.get_inputs_from_csv(…)": () => storesTable(),
  "Inputs.get_bbox_proto(…)": () =>
    drawn(() => [boundingBox([0.1, 0.2, 0.5, 0.6], "boat")], {
      box: [0.1, 0.2, 0.5, 0.6].map((share) => expect.closeTo(share, 5) as number),
      concepts: boat,
    }),
  "Inputs.get_mask_proto(…)": async () => {
    const near = corners.map((corner) => corner.map((share) => expect.closeTo(share, 5) as number));
    await drawn(() => [polygon(corners, "boat")], { polygon: near, concepts: boat });
    await drawn(() => [mask(image, "boat")], { mask: { base64: image.toString("base64") }, concepts: boat });
  },
  "inputs.get_input(input_id)": async () => {
    const { app } = await holding(photo, note);
    expect(await flow(listInputs(app, { ids: ["note"] })).toArray()).toMatchObject([{ id: "note", text: "calm sea" }]);
  },
  "inputs.list_inputs(…)": async () => {
    const { app } = await holding(photo, note);
    expect(await idsOf(flow(listInputs(app)))).toEqual(["note", "photo"]);
    expect(await idsOf(flow(listInputs(app, { kinds: ["text"] })))).toEqual(["note"]);
  },
  "inputs.download_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    const out = temporaryFolder();
    expect((await flow(listInputs(app)).pipe(download(out)).run()).counts).toMatchObject({ ok: 2, failed: 0 });
    const contents = readdirSync(out).filter((name) => /\.(png|txt)$/.test(name));
    expect(contents.map((name) => readFileSync(join(out, name)).toString("latin1")).sort()).toEqual(
      [image.toString("latin1"), "calm sea"].sort(),
    );
  },
  'inputs.patch_inputs(list, action="merge")': async () => {
    const { app } = await holding({ ...note, metadata: { a: 1 } });
    const change: InputDraft = { id: "note", metadata: { b: 2 }, concepts: [{ id: "sea" }] };
    await flow(fromIterable([change]))
      .pipe(batch(), patch(app, { action: "merge" }))
      .run();
    expect((await inputsOf(app)).note).toMatchObject({
      metadata: { a: 1, b: 2 },
      concepts: [{ id: "sea", value: 1 }],
    });
  },
  "inputs.patch_concepts(…)": async () => {
    const { app } = await holding(photo);
    const changes: InputDraft[] = [
      { concepts: [{ id: "boat", name: "A boat" }] },
      { id: "photo", concepts: [{ id: "boat", value: 0 }] },
    ];
    expect((await flow(fromIterable(changes)).pipe(patchConcepts(app)).run()).failures).toEqual([]);
    expect((await inputsOf(app)).photo?.concepts).toEqual([{ id: "boat", name: "A boat", value: 0 }]);
  },
  "inputs.delete_inputs(list)": async () => {
    const { app } = await holding(photo, note);
    await flow(fromIterable([{ id: "photo" }]))
      .pipe(batch(), remove(app))
      .run();
    expect(Object.keys(await inputsOf(app))).toEqual(["note"]);
  },
  "inputs.upload_annotations(…)": async () => {
    const { app } = await holding(photo);
    const row = { id: "photo", annotations: [annotationOf("mask"), annotationOf("point")] };
    const report = await flow(fromIterable([row]))
      .pipe(addAnnotations(app))
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 0 });
    const found = (await inputsOf(app)).photo?.annotations ?? [];
    expect(found.map(({ id }) => id).sort()).toEqual(["a-mask", "a-point"]);
    expect(found.find(({ id }) => id === "a-point")).toMatchObject({ point: [0.5, 0], concepts: [{ id: "boat" }] });
  },
  "inputs.list_annotations(…)": async () => {
    const annotations = [annotationOf("box")];
    const { app } = await holding({ ...photo, annotations }, { ...photo, id: "other", annotations });
    const found = await flow(listAnnotations(app, { inputs: ["photo"] })).toArray();
    expect(found).toMatchObject([{ id: "photo", annotations: [{ id: "a-box", statusCode: 24157 }] }]);
  },
  "inputs.patch_annotations(…)": async () => {
    const { app } = await holding({ ...photo, annotations: [annotationOf("box")] });
    const box: [number, number, number, number] = [0, 0, 0.5, 1];
    const change = { id: "photo", annotations: [{ ...annotationOf("box"), box, info: { by: "us" } }] };
    const patched = await flow(fromIterable([change]))
      .pipe(batch(), patch(app))
      .run();
    expect(patched.failures).toEqual([]);
    await flow(listAnnotations(app))
      .pipe(patchAnnotations(app, { status: "review denied" }))
      .run();
    const [found] = (await inputsOf(app)).photo?.annotations ?? [];
    expect(found).toMatchObject({ box: [0, 0, 0.5, 1], info: { by: "us" }, statusCode: 24158 });
  },
  "inputs.delete_annotations(…)": async () => {
    const { app } = await holding({ ...photo, annotations: [annotationOf("box"), annotationOf("mask")] });
    const row = { id: "photo", annotations: [{ id: "a-box" }] };
    await flow(fromIterable([row]))
      .pipe(batch(), removeAnnotations(app))
      .run();
    expect((await inputsOf(app)).photo?.annotations.map(({ id }) => id)).toEqual(["a-mask"]);
  },
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
    const archive = join(import.meta.dirname, "cases/files/exports/sdk.zip");
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

/** The first cells of the rows of the tables, without the marks of code. */
function namesOfRows(): string[] {
  const tables = page.slice(page.indexOf("## Find the call"), page.indexOf("A complete example"));
  const cells = [...tables.matchAll(/^\| (.+?) \|/gm)].map(([, cell = ""]) => cell.replaceAll("`", ""));
  return cells.filter((cell) => cell !== "Python" && !/^-+$/.test(cell));
}

/** Public methods of the Python SDK: `Inputs`, `Dataset` and `Search` in clarifai/client. */
const pythonMethods = {
  Inputs:
    "get_input_from_url get_input_from_file get_input_from_bytes get_image_inputs_from_folder get_text_input get_multimodal_input get_inputs_from_csv get_text_inputs_from_folder get_bbox_proto get_mask_proto get_input upload_from_url upload_from_file upload_from_bytes upload_text upload_inputs patch_inputs upload_annotations patch_annotations patch_concepts delete_inputs delete_annotations download_inputs list_inputs list_annotations",
  Dataset:
    "create_version delete_version list_versions list_inputs upload_dataset retry_upload_from_logs upload_from_csv upload_from_folder get_upload_status merge_dataset archive_zip export",
  Search: "query",
};

/** Returns the public methods of the installed Node.js SDK, as its types declare them. */
function nodeMethods(): string[] {
  const types = readFileSync(join(import.meta.dirname, "../node_modules/clarifai-nodejs/dist/types.d.ts"), "utf8");
  return ["Input", "Dataset", "Search"].flatMap((name) => {
    const [, body = ""] = new RegExp(`^export class ${name} .*?\\{\\n(.*?)^\\}`, "ms").exec(types) ?? [];
    const methods = [...body.matchAll(/^ {4}(?:static )?(\w+)\(/gm)].map(([, method = ""]) => method);
    return methods.filter((method) => method !== "constructor");
  });
}

describe("the table of the official SDKs", () => {
  it("has a test for each row, and a row for each test", () => {
    expect(namesOfRows()).toEqual(Object.keys(rows));
  });

  it("has every public method of the Python SDK", () => {
    const names = namesOfRows().join("\n");
    const objects = { Inputs: "inputs|Inputs", Dataset: "dataset|version", Search: "Search\\(.*\\)" };
    const missing = Object.entries(pythonMethods).flatMap(([name, methods]) =>
      methods
        .split(" ")
        .filter((method) => !new RegExp(`^(${objects[name as keyof typeof objects]})\\.${method}\\(`, "m").test(names)),
    );
    expect(missing).toEqual([]);
  });

  it("has every public method of the Node.js SDK", () => {
    const methods = nodeMethods();
    expect(methods).toEqual(expect.arrayContaining(["getBboxProto", "uploadFromUrl", "uploadFromCSV", "query"]));
    expect(methods.filter((name) => !new RegExp(`(Input|input|dataset|search)\\.${name}\\(`).test(page))).toEqual([]);
  });

  it.each(Object.keys(rows))("%s", { timeout: 30_000 }, (name) => rows[name]?.());
});
