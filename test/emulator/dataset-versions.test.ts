/** Dataset versions and their exports, as the API defines them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fromBinary, toJson } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import { loadRegistry } from "../../src/emulator/wire/registry.js";
import { zipEntries } from "../../src/formats/archive/zip-entries.js";
import "../../src/formats/archive/zip-opener.js";
import { flow, fromIterable, upload } from "../../src/index.js";
import { jpeg } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

// biome-ignore lint/suspicious/noExplicitAny: answers are compared as they are
type Json = Record<string, any>;

async function stored(processingDelayMs = 0) {
  const { app, store } = await openStore({ processingDelayMs });
  const inputs = [
    { id: "text", text: "calm sea", concepts: ["sea"], metadata: { n: 1 }, datasets: ["train"] },
    {
      ...{ id: "photo", image: { bytes: await jpeg(40, 20) }, concepts: ["boat"], datasets: ["train"] },
      annotations: [
        { id: "one", box: [0, 0, 0.5, 1] as [number, number, number, number], concepts: [{ id: "mast" }] },
        { id: "two", concepts: [{ id: "checked" }] },
      ],
    },
    { id: "other", text: "not in it" },
  ];
  await flow(fromIterable(inputs)).pipe(upload(app)).run();
  const call = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await fetch(`${store.url}/v2/users/me/apps/main/datasets/train/versions${path}`, {
      method,
      headers: { authorization: "Key any", "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await answer.json()) as Json;
  };
  return { app, store, call };
}

const create = (call: (method: string, path: string, body?: unknown) => Promise<Json>, id = "v1") =>
  call("POST", "", { dataset_versions: [{ id, description: "first" }] });

/** Asks for an export until it is complete, and returns its entries. */
async function exported(
  call: (method: string, path: string, body?: unknown) => Promise<Json>,
  format: string,
): Promise<{ state: Json; entries: [name: string, bytes: Buffer][] }> {
  let state: Json = {};
  while (state.status?.code !== 64200) {
    const answer = await call("PUT", "/v1/exports", { exports: [{ format }] });
    state = answer.exports[0];
    if (state.status.code !== 64200) expect([64201, 64203]).toContain(state.status.code);
  }
  const answer = await fetch(state.url); // its address needs no key
  expect(answer.headers.get("content-type")).toBe("application/zip");
  const bytes = Buffer.from(await answer.arrayBuffer());
  expect(bytes.length).toBe(state.size);
  const path = join(temporaryFolder(), "export.zip");
  writeFileSync(path, bytes);
  const entries: [string, Buffer][] = [];
  for await (const entry of zipEntries(path)) {
    if ("content" in entry) entries.push([entry.name, await readContent(entry.content)]);
  }
  return { state, entries };
}

describe("versions", () => {
  it("are pending, then ready, and have metrics only then", async () => {
    const { call } = await stored(2000);
    const {
      dataset_versions: [created],
    } = await create(call);
    expect(created).toMatchObject({ id: "v1", dataset_id: "train", description: "first", status: { code: 64005 } });
    expect((await call("GET", "/v1/metrics")).dataset_version_metrics_groups).toEqual([]);
    const pending = await call("PUT", "/v1/exports", { exports: [{ format: "COCO" }] });
    expect(pending.exports).toMatchObject([{ format: 2, status: { code: 64201 } }]);
    let code = 0;
    while (code !== 64015) code = (await call("GET", "/v1")).dataset_version.status.code;
    const { dataset_version_metrics_groups: groups } = await call("GET", "/v1/metrics");
    expect(groups[0]).toMatchObject({ value: "total", metrics: { inputs_count: 2, bounding_boxes_count: 1 } });
  });

  it("are listed, patched and deleted", async () => {
    const { call } = await stored();
    await create(call);
    await create(call, "v2");
    const patched = await call("PATCH", "", { action: "merge", dataset_versions: [{ id: "v1", metadata: { k: 1 } }] });
    expect(patched.dataset_versions).toMatchObject([{ id: "v1", description: "first", metadata: { k: 1 } }]);
    expect((await call("GET", "")).dataset_versions.map(({ id }: Json) => id)).toEqual(["v2", "v1"]);
    await call("DELETE", "", { dataset_version_ids: ["v1"] });
    expect((await call("GET", "/v1")).status.code).toBe(11101);
    expect((await create(call, "v2")).status.code).toBe(11102);
  });
});

describe("exports", () => {
  it("have the inputs of the version in JSON, as they were when it was made", async () => {
    const { app, call } = await stored();
    await create(call);
    await app.patchInputs([{ id: "text", metadata: { n: 2 } }], "merge");
    const { entries, state } = await exported(call, "CLARIFAI_DATA_JSON");
    expect(entries.map(([name]) => name)).toEqual(["mimetype", "all/000001_n2"]);
    expect(entries[0]?.[1].toString()).toBe("application/x.clarifai-data+json");
    const { inputs } = JSON.parse(entries[1]?.[1].toString() ?? "") as Json;
    expect(inputs.map((input: Json) => Object.keys(input))).toEqual([
      ["id", "data"],
      ["id", "data"],
    ]);
    const text = inputs.find(({ id }: Json) => id === "text");
    expect(text.data).toMatchObject({ metadata: { n: 1 }, concepts: [{ id: "sea" }] });
    const photo = inputs.find(({ id }: Json) => id === "photo");
    expect(photo.data.concepts.map(({ id }: Json) => id).sort()).toEqual(["boat", "checked"]);
    expect(photo.data.regions).toMatchObject([{ region_info: { bounding_box: { right_col: 0.5 } } }]);
    expect(photo.data.image.hosted.sizes).toContain("orig");
    const { export_info: info } = (await call("GET", "/v1")).dataset_version;
    expect(info).toEqual({ clarifai_data_json: state });
  });

  it("have the same inputs in protobuf", async () => {
    const { call } = await stored();
    await create(call);
    const { entries } = await exported(call, "CLARIFAI_DATA_PROTOBUF");
    expect(entries[0]?.[1].toString()).toBe("application/x.clarifai-data+protobuf");
    const registry = loadRegistry();
    const input = registry.getMessage("clarifai.api.Input");
    if (!input) throw new Error("the definitions have no Input");
    const reader = new BinaryReader(entries[1]?.[1] as Buffer);
    const inputs: Json[] = [];
    while (reader.pos < reader.len) {
      expect(reader.tag()).toEqual([1, 2]);
      inputs.push(toJson(input, fromBinary(input, reader.bytes()), { registry, useProtoFieldName: true }) as Json);
    }
    const plain = JSON.parse((await exported(call, "CLARIFAI_DATA_JSON")).entries[1]?.[1].toString() ?? "") as Json;
    expect(inputs.map(({ id }: Json) => id)).toEqual(plain.inputs.map(({ id }: Json) => id));
    expect(inputs[1]?.data.regions[0].data.concepts[0].id).toBe(plain.inputs[1].data.regions[0].data.concepts[0].id);
  });

  it("have boxes in pixels in COCO", async () => {
    const { call } = await stored();
    await create(call);
    const { entries } = await exported(call, "COCO");
    const coco = JSON.parse(entries[0]?.[1].toString() ?? "") as Json;
    expect(coco.images).toMatchObject([{ id: 1, width: 40, height: 20 }]);
    expect(coco.annotations).toEqual([
      { id: 1, image_id: 1, category_id: 1, bbox: [0, 0, 20, 20], area: 400, segmentation: [], iscrowd: 0 },
    ]);
    expect(coco.categories).toEqual([{ id: 1, name: "mast", supercategory: "" }]);
  });

  it("leave with their version, and serve nothing else", async () => {
    const { store, call } = await stored();
    await create(call);
    const { state } = await exported(call, "COCO");
    expect((await fetch(`${store.url}/exports/${"0".repeat(48)}.zip`)).status).toBe(404);
    expect((await fetch(`${store.url}/exports/${encodeURIComponent("../store.db")}`)).status).toBe(404);
    await call("DELETE", "", { dataset_version_ids: ["v1"] });
    expect((await fetch(state.url)).status).toBe(404);
  });

  it("refuse formats that the API does not have", async () => {
    const { call } = await stored();
    await create(call);
    for (const one of [{ format: "YOLO" }, { format: 9 }, {}, { format: 1, include_embeddings: true }, { other: 1 }]) {
      expect([11100, 11102]).toContain((await call("PUT", "/v1/exports", { exports: [one] })).status.code);
    }
    expect((await call("PUT", "/v1/exports", { exports: [] })).status.code).toBe(11102);
    expect((await call("PUT", "/nope/exports", { exports: [{ format: 1 }] })).status.code).toBe(11101);
  });
});
