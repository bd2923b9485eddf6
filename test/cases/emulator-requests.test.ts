/** Requests that the emulator refuses, with their codes. */

import { describe, expect, it } from "vitest";
import { startEmulator } from "../../src/emulator/index.js";
import { jpeg } from "../helpers/files.js";
import { note, openHttp, picture } from "../helpers/http.js";

/** Makes a PNG header with `width` × `height` pixels. */
function pngHeader(width: number, height: number): Buffer {
  const header = Buffer.alloc(45);
  header.write("\x89PNG\r\n\x1a\n", "latin1");
  header.writeUInt32BE(13, 8);
  header.write("IHDR", 12);
  header.writeUInt32BE(width, 16);
  header.writeUInt32BE(height, 20);
  header.set([8, 2], 24);
  header.write("IEND", 37);
  return header;
}

const searchBy = (filter: object) => ({ searches: [{ query: { filters: [filter] } }] });

describe("a field that the API does not have", () => {
  it.each<[string, string, object, string]>([
    ["POST", "/inputs", { inputs: [note("a")], conflict: "skip" }, "conflict is not known"],
    ["POST", "/inputs", { inputs: [{ ...note("a"), labels: ["x"] }] }, "inputs[0].labels is not known"],
    ["POST", "/inputs", { inputs: [note("a", { tags: [] })] }, "inputs[0].data.tags is not known"],
    [
      "POST",
      "/inputs",
      { inputs: [note("a", { concepts: [{ id: "x", vlaue: 0 }] })] },
      "concepts[0].vlaue is not known",
    ],
    [
      "POST",
      "/annotations",
      { annotations: [{ input_id: "a", data: { regions: [{ box: {} }] } }] },
      "regions[0].box is",
    ],
    ["PATCH", "/inputs", { action: "merge", inputs: [{ id: "a", metadata: {} }] }, "inputs[0].metadata is not known"],
    ["DELETE", "/inputs", { ids: ["a"], dry_run: true }, "dry_run is not known"],
    ["POST", "/datasets", { datasets: [{ id: "d", title: "x" }] }, "datasets[0].title is not known"],
    ["POST", "/inputs/searches", searchBy({ annotation: { data: { concept: [] } } }), "data.concept is not known"],
  ])("is refused by %s %s: %j", async (method, path, body, text) => {
    const { call, add } = await openHttp();
    await add(note("there"));
    const { http, json } = await call(method, path, body);
    expect([http, json.status.code]).toEqual([400, 11100]);
    expect(json.status.details).toContain(text);
    expect((await call("GET", "/inputs")).json.inputs).toHaveLength(1);
  });

  it("is named with the beginning of its name if the name is long", async () => {
    const { json } = await (await openHttp()).call("POST", "/inputs", { ["k".repeat(5000)]: 1 });
    expect(json.status.details).toBe(`${"k".repeat(60)}… is not known`);
  });

  it("is also refused in the query", async () => {
    const { call } = await openHttp();
    expect((await call("GET", "/inputs?dataset=train")).json.status).toMatchObject({
      code: 11102,
      details: "dataset is not known",
    });
    expect((await call("GET", "/inputs/stream?descending=maybe")).json.status.code).toBe(11102);
  });

  it("is ignored with lenient, but never in a filter or a delete, where more inputs would match", async () => {
    const { call, add } = await openHttp({ lenient: true });
    await add({ ...note("a"), labels: ["x"] });
    expect((await call("GET", "/inputs?dataset=train")).json.inputs).toHaveLength(1);
    const found = await call("POST", "/inputs/searches", searchBy({ annotation: { data: { concept: [] } } }));
    expect(found.json).toMatchObject({ status: { code: 11100 }, hits: [] });
    expect((await call("DELETE", "/inputs", { ids: ["a"], dry_run: true })).json.status.code).toBe(11100);
  });

  it("is accepted in camelCase, and if it is deprecated", async () => {
    const { call } = await openHttp();
    const data = { text: { raw: "x", allowDuplicateUrl: true }, geo: { geoPoint: { longitude: 4.5, latitude: 52 } } };
    const { json } = await call("POST", "/inputs", {
      inputsAddJobId: "job",
      inputs: [{ id: "a", datasetIds: ["d"], data }],
    });
    expect(json).toMatchObject({
      status: { code: 10000 },
      inputs: [{ data: { geo: { geo_point: { longitude: 4.5 } } } }],
    });
    const annotations = [
      { input_id: "a", user_id: "me", trusted: true, model_version_id: "", data: { concepts: [{ id: "x" }] } },
    ];
    expect((await call("POST", "/annotations", { annotations })).json.status.code).toBe(10000);
  });
});

describe("a field that the API has and the emulator does not support", () => {
  it.each<[string, string, object, string]>([
    ["POST", "/inputs", { inputs: [note("a", { embeddings: [{ vector: [1] }] })] }, "inputs[0].data.embeddings"],
    ["POST", "/inputs", { inputs: [{ ...note("a"), settings: { tracking: true } }] }, "inputs[0].settings"],
    ["POST", "/concepts", { concepts: [{ id: "x", definition: "y" }] }, "concepts[0].definition"],
    ["POST", "/inputs/searches", searchBy({ annotation: { task_id: "t" } }), "filters[0].annotation.task_id"],
    ["POST", "/inputs/searches", searchBy({ annotation: { data: { text: { raw: "x" } } } }), "annotation.data.text"],
    ["POST", "/bulk_operations", { bulk_operations: [{ annotation_search: { id: "s" } }] }, "annotation_search"],
  ])("is refused by %s %s: %j", async (method, path, body, text) => {
    const { call } = await openHttp();
    const { http, json } = await call(method, path, body);
    expect([http, json.status.code]).toEqual([501, 10040]);
    expect(json.status.details).toContain(`${text} is a field that the emulator does not support`);
  });

  it("is accepted if it is empty", async () => {
    const { call } = await openHttp();
    const inputs = [{ ...note("a", { embeddings: [], int_value: 0, string_value: "" }), settings: {} }];
    expect((await call("POST", "/inputs", { inputs })).json.status.code).toBe(10000);
    expect((await call("GET", "/datasets?starred_only=False")).http).toBe(200);
    expect((await call("GET", "/datasets?starred_only=True")).json.status.code).toBe(10040);
  });
});

describe("an action", () => {
  it.each([
    ["/inputs", { action: "replace", inputs: [note("a")] }, 24900],
    ["/inputs", { inputs: [note("a")] }, 24900],
    ["/annotations", { action: "update", annotations: [{ id: "x", input_id: "a" }] }, 24900],
    ["/datasets", { action: "append", datasets: [{ id: "d" }] }, 24900],
    ["/concepts", { action: "merge", concepts: [{ id: "x" }] }, 40003],
  ])("that PATCH %s does not have is refused: %j", async (path, body, code) => {
    const { call } = await openHttp();
    expect(await call("PATCH", path, body)).toMatchObject({ http: 400, json: { status: { code } } });
  });
});

describe("an id", () => {
  const bad = ["a\u0000b", "a\nb", "\u0085", "a\ud800b"];

  it.each(bad)("with a control character or half of a surrogate pair is refused in every request: %j", async (id) => {
    const { call, add, emulator } = await openHttp();
    await add(note("a"));
    const items = [
      { ...note("x"), id },
      { ...note("x"), dataset_ids: [id] },
      note("x", { concepts: [{ id }] }),
      note("x", { concepts: [{ id: "c", name: id }] }),
      note("x", { regions: [{ data: { concepts: [{ id }] } }] }),
    ];
    for (const item of items) {
      const { json } = await call("POST", "/inputs", { inputs: [item, note("a")] });
      expect(json.inputs[0]?.status.code).toBe(39999);
    }
    const annotation = await call("POST", "/annotations", { annotations: [{ id, input_id: "a" }] });
    expect(annotation.json.annotations[0]?.status.code).toBe(39999);
    for (const [path, body] of [
      ["/inputs", { inputs: [note("x")], inputs_add_job_id: id }],
      ["/datasets", { datasets: [{ id }] }],
      ["/concepts", { concepts: [{ id }] }],
      ["/concepts", { concepts: [{ id: "c", name: id }] }],
      ["/v2/inputs", { user_app_id: { app_id: id }, inputs: [note("x")] }],
      ["/v2/users/me/apps", { apps: [{ id }] }],
    ] as const) {
      expect((await call("POST", path, body)).json.status.code).toBe(39999);
    }
    expect(emulator.stored().map((input) => input.id)).toEqual(["a"]);
  });

  it("with letters of any language is stored", async () => {
    const { call } = await openHttp();
    const { json } = await call("POST", "/inputs", { inputs: [note("的な-😀")] });
    expect(json.inputs[0]).toMatchObject({ id: "的な-😀", status: { code: 30001 } });
    expect((await call("GET", `/inputs/${encodeURIComponent("的な-😀")}`)).json.input.id).toBe("的な-😀");
  });
});

describe("an image of more than 85 megapixels", () => {
  it("is refused by the request, and its bytes are not stored", async () => {
    const { call, emulator } = await openHttp({ processingDelayMs: 60_000 });
    const inputs = [picture("more", pngHeader(10_000, 8501)), picture("full", pngHeader(10_000, 8500))];
    const { json } = await call("POST", "/inputs", { inputs: [...inputs, picture("small", await jpeg())] });
    expect(json.status.code).toBe(10010);
    expect(json.inputs.map(({ status }) => status.code)).toEqual([30105, 30001, 30001]);
    expect(json.inputs[0]?.status.details).toBe("the image has 85.01 megapixels; the limit is 85");
    expect(emulator.stored().map(({ id }) => id)).toEqual(["full", "small"]);
  });
});

describe("numbers", () => {
  it.each([
    ["a value of a concept beyond 32 bits", { concepts: [{ id: "x", value: 1e39 }] }],
    ["a longitude that is NaN", { geo: { geo_point: { longitude: "NaN", latitude: 1 } } }],
  ])("that JSON cannot represent are refused: %s", async (_, data) => {
    const { call } = await openHttp();
    expect((await call("POST", "/inputs", { inputs: [note("a", data)] })).json.status.code).toBe(11100);
  });
});

describe("a patch of an input", () => {
  it("may contain unchanged media, and cannot change media", async () => {
    const { call, add } = await openHttp();
    const [added] = await add(picture("a", await jpeg()));
    const patch = async (data: object) =>
      (await call("PATCH", "/inputs", { action: "merge", inputs: [{ id: "a", data }] })).json.inputs[0]?.status.code;
    expect(await patch({ ...added?.data, metadata: { seen: true } })).toBe(30200);
    const underAnotherName = String(added?.data.image?.url).replace("127.0.0.1", "localhost");
    expect(await patch({ image: { url: underAnotherName } })).toBe(30200);
    expect(await patch({ image: { url: "http://a.example/other.jpg" } })).toBe(30104);
    expect(await patch({ text: { raw: "x" } })).toBe(30104);
  });
});

describe("strict", () => {
  it("also refuses annotations of unprocessed inputs, and cannot be combined with lenient", async () => {
    const annotations = [{ input_id: "a", data: { concepts: [{ id: "x" }] } }];
    for (const [strict, code] of [
      [true, 24155],
      [false, 24150],
    ] as const) {
      const { call } = await openHttp({ strict, processingDelayMs: 60_000 });
      await call("POST", "/inputs", { inputs: [note("a")] });
      expect((await call("POST", "/annotations", { annotations })).json.annotations[0]?.status.code).toBe(code);
    }
    await expect(startEmulator({ strict: true, lenient: true })).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });
});
