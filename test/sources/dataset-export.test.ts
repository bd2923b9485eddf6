/** Reading export archives of datasets: those of the platform, and those of the vendor's SDK. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { exportMessages } from "../../src/clarifai/wire/protobuf/export-messages.js";
import { loadRegistry } from "../../src/emulator/wire/registry.js";
import {
  type App,
  connect,
  type DatasetExportFormat,
  type DatasetExportOptions,
  datasetExport,
  download,
  exportDataset,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  jsonl,
  listInputs,
  upload,
} from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { jpeg } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { zipWith } from "../helpers/zips.js";

const sdkArchive = join(import.meta.dirname, "../cases/files/exports/sdk.zip");
const json = "application/x.clarifai-data+json";

const annotations: InputDraft["annotations"] = [
  { box: [0, 0.25, 0.1, 1], concepts: [{ id: "mast" }] },
  {
    polygon: [
      [0, 0],
      [0.5, 0],
      [0.5, 0.5],
    ],
    concepts: [{ id: "sail", value: 0 }],
  },
  {
    concepts: [],
    data: {
      regions: [{ region_info: { point: { row: 0.25, col: 0.5 } }, data: { concepts: [{ id: "nose", value: 1 }] } }],
    },
  },
];
const drafts = async (): Promise<InputDraft[]> => [
  {
    ...{ id: "photo-1", image: { bytes: await jpeg(40, 20) }, concepts: [{ id: "boat" }, { id: "car", value: 0 }] },
    ...{
      metadata: { camera: "x1", nested: { list: [1, "two", null, true] } },
      geo: { longitude: 4.48, latitude: 51.92 },
    },
    annotations,
  },
  { id: "note-1", text: "calm sea", metadata: { n: 1.5 } },
];

async function stored(): Promise<App> {
  const { app } = await openStore({ processingDelayMs: 0 });
  const inputs = (await drafts()).map((draft) => ({ ...draft, datasets: ["train"] }));
  await flow(fromIterable(inputs)).pipe(upload(app)).run();
  return app;
}

async function exported(app: App, format: DatasetExportFormat): Promise<string> {
  const path = join(temporaryFolder(), "train.zip");
  await exportDataset(app, { dataset: "train", format, path });
  return path;
}

const read = (path: string, options?: DatasetExportOptions) => flow(datasetExport(path, options)).toArray();
const run = (path: string, options?: DatasetExportOptions) => flow(datasetExport(path, options)).run();

/** The facts of an input that an export has. */
const facts = ({ id, text, concepts, metadata, geo, annotations: drawn }: Input) => ({
  ...{ id, text, metadata, geo },
  concepts: concepts.map((concept) => ({ id: concept.id, value: concept.value ?? 1 })),
  annotations: drawn.map(({ box, polygon, data, concepts: named }) => ({
    ...{
      box,
      polygon,
      isOpaque: data !== undefined,
      concepts: named.map(({ id: name, value }) => ({ id: name, value })),
    },
  })),
});
const byId = (inputs: readonly Input[]) => new Map(inputs.map((input) => [input.id, facts(input)]));

testSource("datasetExport (vendor's SDK)", async () => ({ source: datasetExport(sdkArchive), ids: ["photo-1"] }));

testSource("datasetExport (JSON)", async () => {
  const path = await exported(await stored(), "clarifai_data_json");
  return { source: datasetExport(path), ids: ["photo-1", "note-1"] };
});

describe("an archive of the platform", () => {
  it.each(["clarifai_data_json", "clarifai_data_protobuf"] as const)(
    "has the inputs of the dataset: %s",
    async (format) => {
      const app = await stored();
      const listed = await flow(listInputs(app, { annotations: true })).toArray();
      const inputs = await read(await exported(app, format), { app });
      expect(byId(inputs)).toEqual(byId(listed));
      const [photo] = inputs;
      expect(photo?.image).toMatchObject({ url: expect.stringContaining("/media/orig/"), width: 40, height: 20 });
      expect(photo?.datasets).toEqual([]);
    },
  );

  it("can be downloaded, and uploaded to another app", async () => {
    const app = await stored();
    const path = await exported(app, "clarifai_data_protobuf");
    const folder = join(temporaryFolder(), "train");
    expect((await flow(datasetExport(path, { app })).pipe(download(folder)).run()).counts).toMatchObject({ ok: 2 });
    const copy = await connect({ baseUrl: app.baseUrl, pat: "any", appId: "copy" });
    const report = await flow(jsonl(join(folder, "manifest.jsonl"), { datasets: ["train"] }))
      .pipe(upload(copy))
      .run();
    expect(report.counts).toMatchObject({ ok: 2, failed: 0 });
    const [before, after] = [
      await flow(listInputs(app, { annotations: true })).toArray(),
      await flow(listInputs(copy, { annotations: true, dataset: "train" })).toArray(),
    ];
    expect(byId(after)).toEqual(byId(before));
    await copy.close();
  });
});

describe("an archive of the vendor's SDK", () => {
  it("has the file, the record and the split of each input", async () => {
    const [photo] = await read(sdkArchive);
    expect(photo).toMatchObject({
      ...{ id: "photo-1", metadata: { camera: "x1", nested: { isoSpeed: 100 } }, datasets: ["train"] },
      ...{ concepts: [{ id: "boat", value: 1 }], image: { mimeType: "image/png", width: 40, height: 20 } },
    });
    expect(photo?.metadata).not.toHaveProperty("sluice_fingerprint"); // the SDK encoded the image anew
    expect(photo?.annotations).toMatchObject([
      { box: [0, 0.25, 0.5, 1], concepts: [{ id: "mast", value: 1 }] },
      {
        polygon: [
          [0, 0],
          [0.5, 0],
          [0.5, 0.5],
        ],
        concepts: [{ id: "sail", value: 0 }],
      },
    ]);
  });

  it("is uploaded with its files", async () => {
    const { app } = await openStore();
    expect((await flow(datasetExport(sdkArchive)).pipe(upload(app)).run()).counts).toMatchObject({ ok: 1, failed: 0 });
    const [input] = await flow(listInputs(app, { annotations: true, dataset: "train" })).toArray();
    expect(input).toMatchObject({ id: "photo-1", annotations: [{}, {}], metadata: { camera: "x1" } });
    expect((await flow(datasetExport(sdkArchive)).pipe(upload(app)).run()).counts).toMatchObject({ ok: 0, skipped: 1 });
  });

  it("has texts, and inputs without a record", async () => {
    const path = await zipWith(temporaryFolder(), {
      "train/inputs/a.b.txt": "calm sea",
      "train/annotations/a.b.json": '[{"id":"sea","name":"sea"}]',
      "valid/inputs/c.txt": "no record",
    });
    expect(await read(path)).toMatchObject([
      { id: "a.b", text: "calm sea", concepts: [{ id: "sea", value: 0 }], datasets: ["train"] },
      { id: "c", text: "no record", datasets: ["valid"] },
    ]);
    expect(await read(path, { splits: "ignore", datasets: ["all"] })).toMatchObject([
      { datasets: ["all"] },
      { datasets: ["all"] },
    ]);
  });

  it("fails an input whose record is not known, and reads the others", async () => {
    const path = await zipWith(temporaryFolder(), {
      "all/inputs/a.txt": "a",
      "all/annotations/a.json": '[{"label":"sea"}]',
      "all/inputs/b.txt": "b",
      "all/annotations/b.json": "[",
      "all/inputs/c.txt": "c",
      "all/inputs/d.png": "neither an image nor",
      "all/other.bin": "x",
    });
    const report = await run(path);
    expect(report.counts).toMatchObject({ ok: 1, failed: 3, skipped: 1 });
    expect(report.failures.map(({ code }) => code).sort()).toEqual([
      "ERR_EXPORT_RECORD",
      "ERR_JSON",
      "ERR_KIND_UNKNOWN",
    ]);
    expect(report.skipped[0]?.reason).toBe("not a file of an export");
  });
});

describe("a hostile or damaged archive", () => {
  const input = (id: string, data: unknown = { text: { raw: id } }) => ({ id, data });
  const batch = (...inputs: unknown[]) => JSON.stringify({ inputs });

  it("fails names that lead out of it", async () => {
    const path = await zipWith(temporaryFolder(), {
      mimetype: json,
      "../../up_n1": batch(input("a")),
      "/etc/x_n1": "x",
    });
    const report = await run(path);
    expect(report.failures.map(({ code }) => code)).toEqual(["ERR_ENTRY_NAME", "ERR_ENTRY_NAME"]);
    expect(report.counts.ok).toBe(0);
  });

  it("fails a batch that has another number of inputs than its name says", async () => {
    const path = await zipWith(temporaryFolder(), { mimetype: json, "all/1_n3": batch(input("a"), input("b")) });
    const report = await run(path);
    expect(report.counts).toMatchObject({ ok: 2, failed: 1 });
    expect(report.failures[0]).toMatchObject({ code: "ERR_EXPORT_BATCH" });
    expect(report.failures[0]?.reason).toBe("the batch has 2 inputs, and its name says 3; export the version again");
  });

  it.each([
    ["no JSON", "{", "ERR_JSON"],
    ["no list", '{"inputs":{}}', "ERR_EXPORT_BATCH"],
    [
      "a number that would change",
      '{"inputs":[{"id":"a","data":{"metadata":{"n":12345678901234567890}}}]}',
      "ERR_NUMBER",
    ],
    ["no UTF-8", Buffer.from([0x7b, 0xff]), "ERR_TEXT_ENCODING"],
  ])("fails a batch with %s, and reads the next one", async (_, content, code) => {
    const path = await zipWith(temporaryFolder(), {
      mimetype: json,
      "all/1_n1": content,
      "all/2_n1": batch(input("b")),
    });
    const report = await run(path);
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]?.code).toBe(code);
  });

  it("fails an input of another shape alone", async () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200; level += 1) deep = { deep };
    const entries = { mimetype: json, "all/1_n3": batch("text", input("deep", { metadata: deep }), input("a")) };
    const report = await run(await zipWith(temporaryFolder(), entries));
    expect(report.counts).toMatchObject({ ok: 1, failed: 2 });
  });

  it("keeps data of another tool that the input model does not have", async () => {
    const data = {
      text: { raw: "a" },
      newer: { kind: 1 },
      frames: [{ frame_info: { index: 3 }, data: { concepts: [{ id: "x", value: 1 }] } }],
    };
    const path = await zipWith(temporaryFolder(), { mimetype: json, "all/1_n1": batch(input("a", data)) });
    const [found] = await read(path);
    const [frame, newer] = found?.annotations ?? [];
    expect(frame).toMatchObject({ frame: { index: 3 }, concepts: [{ id: "x", value: 1 }] });
    expect(newer?.data).toEqual({ newer: data.newer });
  });

  it("fails an input with a field of protobuf that is not known, and names it", async () => {
    const field = (number: number, bytes: Uint8Array) => new BinaryWriter().tag(number, 2).bytes(bytes).finish();
    const text = field(13, field(1, Buffer.from("calm")));
    const known = Buffer.concat([field(1, Buffer.from("a")), field(2, text)]);
    const unknown = Buffer.concat([field(1, Buffer.from("b")), field(2, Buffer.concat([text, field(99, text)]))]);
    const entries = {
      mimetype: json.replace("json", "protobuf"),
      "all/1_n2": Buffer.concat([field(1, known), field(1, unknown)]),
      "all/2_n1": "\xff\xff",
    };
    const report = await run(await zipWith(temporaryFolder(), entries));
    expect(report.counts).toMatchObject({ ok: 1, failed: 2 });
    expect(report.failures.map(({ code }) => code).sort()).toEqual(["ERR_EXPORT_BATCH", "ERR_EXPORT_FIELD"]);
    expect(report.failures.find(({ code }) => code === "ERR_EXPORT_FIELD")?.reason).toContain("the field 99 of Data");
  });

  it.each([
    ["a COCO archive", { "annotations/instances_all.json": "{}" }, "a COCO archive has no inputs"],
    ["another zip", { "a.txt": "a" }, "neither the entry mimetype nor files in inputs/"],
    ["another mimetype", { mimetype: "application/zip" }, 'its entry mimetype is "application/zip"'],
    ["a long mimetype", { mimetype: "x".repeat(200) }, "its entry mimetype has 200 bytes"],
  ])("rejects %s", async (_, entries, text) => {
    const path = await zipWith(temporaryFolder(), entries as Record<string, string>);
    await expect(run(path)).rejects.toMatchObject({ code: "ERR_EXPORT_ARCHIVE" });
    await expect(run(path)).rejects.toThrow(text);
  });

  it("rejects what is not a zip, or does not exist", async () => {
    const path = join(temporaryFolder(), "a.zip");
    await expect(run(path)).rejects.toMatchObject({ code: "ERR_FILE_UNREADABLE" });
    writeFileSync(path, "no zip");
    await expect(run(path)).rejects.toMatchObject({ code: "ERR_EXPORT_ARCHIVE" });
  });
});

describe("the table of messages", () => {
  it("has the numbers, names and types of the definition", () => {
    const registry = loadRegistry();
    const scalars: Record<number, string> = { 2: "float", 5: "int", 8: "bool", 9: "string", 12: "bytes", 13: "int" };
    for (const [name, fields] of Object.entries(exportMessages)) {
      for (const message of name === "Words" ? ["Span", "Token"] : [name]) {
        const definition = registry.getMessage(`clarifai.api.${message}`);
        expect(definition, message).toBeDefined();
        for (const [number, [field, type]] of Object.entries(fields)) {
          const found = definition?.fields.find((one) => one.number === Number(number));
          expect(found?.name, `${message}.${number}`).toBe(field);
          if (type === "derived" || !found) continue;
          expect(type.endsWith("[]"), `${message}.${field}`).toBe(found.fieldKind === "list");
          const short = (text: string) => text.slice(text.lastIndexOf(".") + 1).replace(/^(?:Span|Token)$/, "Words");
          const kind = found.message ? short(found.message.typeName) : found.enum ? "int" : scalars[found.scalar ?? 0];
          expect(type.replace("[]", ""), `${message}.${field}`).toBe(kind);
        }
      }
    }
  });
});
