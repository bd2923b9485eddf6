/** Assertions of the vendor's own clients about the API, over HTTP. */

import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { pixelBudget } from "../../src/core/input/decoding.js";
import { startEmulator } from "../../src/emulator/index.js";
import { jpeg } from "../helpers/files.js";
import { type AnnotationJson, type Http, note, openHttp, picture } from "../helpers/http.js";
import { smallContent } from "../helpers/small-contents.js";
import { temporaryFolder } from "../helpers/store.js";

const box = (top: number, left: number, bottom: number, right: number) => ({
  bounding_box: { top_row: top, left_col: left, bottom_row: bottom, right_col: right },
});
const region = (info: object, id: string) => ({ region_info: info, data: { concepts: [{ id, value: 1 }] } });

async function annotationsOf({ call }: Http, id: string): Promise<AnnotationJson[]> {
  return (await call("GET", `/annotations?input_ids=${id}`)).json.annotations;
}

describe("the regions of a posted input", () => {
  it("become one annotation each, listed newest first, before the input-level annotation", async () => {
    const http = await openHttp();
    const regions = [region(box(0.1, 0.1, 0.5, 0.5), "dog"), region(box(0.2, 0.2, 0.6, 0.7), "cat")];
    const data = { image: { base64: (await jpeg()).toString("base64") }, concepts: [{ id: "pets" }], regions };
    const { json } = await http.call("POST", "/inputs", { inputs: [{ id: "a", data }] });
    expect(json.inputs[0]?.data.regions).toMatchObject(regions);
    const annotations = await annotationsOf(http, "a");
    expect(annotations).toHaveLength(3);
    expect(annotations.map(({ input_level: own }) => own ?? false)).toEqual([false, false, true]);
    expect(annotations[0]?.data).toMatchObject({ regions: [regions[1]] });
    expect(annotations[1]?.data).toMatchObject({ regions: [regions[0]] });
    expect(annotations[2]?.data.concepts).toMatchObject([{ id: "pets", value: 1 }]);
    const { concepts } = (await http.call("GET", "/concepts")).json;
    expect(concepts.map(({ id }) => id).sort()).toEqual(["cat", "dog", "pets"]);
  });

  it("keep polygons, points, masks, frames, time segments, tracks and scores as they were sent", async () => {
    const http = await openHttp();
    const points = [
      { row: 0.1, col: 0.1 },
      { row: 0.9, col: 0.1 },
      { row: 0.9, col: 0.9 },
    ];
    const regions = [
      { id: "p", value: 0.75, track_id: "t1", region_info: { polygon: { points } } },
      { region_info: { point: { row: 0.5, col: 0.25 } }, data: { text: { raw: "sign" }, concepts: [{ id: "sign" }] } },
      { region_info: { mask: { image: { url: "http://a.example/mask.png" } } } },
    ];
    const frames = [
      {
        frame_info: { index: 0, time: 40, number: 2 },
        data: { regions: [regions[0], regions[1]], concepts: [{ id: "f" }] },
      },
    ];
    const time_segments = [
      { id: "s", time_info: { begin_time: 1, end_time: 2.5 }, data: { concepts: [{ id: "song" }] } },
    ];
    const video = { base64: Buffer.from(smallContent("video", 0)).toString("base64") };
    const data = { video, regions, frames, time_segments };
    await http.add({ id: "a", data });
    const annotations = (await annotationsOf(http, "a")).reverse();
    expect(annotations.map((one) => Object.keys(one.data))).toEqual([
      [],
      ["regions"],
      ["regions"],
      ["regions"],
      ["frames"],
      ["frames"],
      ["frames"],
      ["time_segments"],
    ]);
    expect(annotations[1]?.data.regions).toMatchObject([regions[0]]);
    expect(annotations[2]?.data.regions).toMatchObject([regions[1]]);
    expect(annotations[3]?.data.regions).toMatchObject([regions[2]]);
    expect(annotations[4]?.data.frames).toMatchObject([
      { frame_info: { time: 40 }, data: { concepts: [{ id: "f" }] } },
    ]);
    expect(annotations[5]?.data.frames).toMatchObject([{ data: { regions: [regions[0]] } }]);
    expect(annotations[7]?.data).toMatchObject({ time_segments });
  });

  it("fail their own input if one region is invalid, and nothing of that input is stored", async () => {
    const { call, emulator } = await openHttp();
    const data = { text: { raw: "x" }, regions: [region(box(0.5, 0.1, 0.2, 0.5), "dog")] };
    const { json } = await call("POST", "/inputs", { inputs: [{ id: "bad", data }, note("good")] });
    expect([json.status.code, ...json.inputs.map(({ status }) => status.code)]).toEqual([10010, 24155, 30001]);
    expect(emulator.stored().map(({ id }) => id)).toEqual(["good"]);
    expect((await call("GET", "/annotations")).json.annotations).toHaveLength(1);
  });

  it("make 28 annotations of 10 inputs with 18 boxes", async () => {
    const http = await openHttp();
    const boxes = [1, 2, 3, 1, 2, 3, 1, 2, 1, 2];
    const inputs = boxes.map((count, index) =>
      note(`n${index}`, { regions: Array.from({ length: count }, () => region(box(0, 0, 0.5, 0.5), "dog")) }),
    );
    await http.add(...inputs);
    const query = inputs.map(({ id }) => `input_ids=${id}`).join("&");
    const { annotations } = (await http.call("GET", `/annotations?${query}`)).json;
    expect(annotations).toHaveLength(28);
    expect(annotations.filter(({ input_level: own }) => own)).toHaveLength(10);
  });

  it("are refused in a patch of the input, with the reason", async () => {
    const { call, add } = await openHttp();
    await add(note("a"));
    const inputs = [{ id: "a", data: { regions: [region(box(0, 0, 1, 1), "dog")] } }];
    const { json } = await call("PATCH", "/inputs", { action: "merge", inputs });
    expect(json.inputs[0]?.status).toMatchObject({
      code: 30104,
      details: expect.stringContaining("PATCH …/annotations"),
    });
  });
});

describe("a posted annotation", () => {
  it("is the first of the list, and has the new box after a merge", async () => {
    const { call, add } = await openHttp();
    await add(note("input_1"), note("input_2"));
    const annotation = (info: object) => ({ id: "annot", input_id: "input_1", data: { regions: [region(info, "l")] } });
    await call("POST", "/annotations", { annotations: [annotation(box(0.2, 0.2, 0.8, 0.8))] });
    const patch = { action: "merge", annotations: [annotation(box(0.4, 0.4, 0.6, 0.6))] };
    await call("PATCH", "/annotations", patch);
    const [first] = (await call("GET", "/annotations")).json.annotations;
    expect(first).toMatchObject({ id: "annot", data: { regions: [{ region_info: box(0.4, 0.4, 0.6, 0.6) }] } });
    expect(first?.data.regions).toHaveLength(1);
  });

  it.each([
    ["a box beyond 1", region(box(0, 0, 1.1, 0.5), "x")],
    ["a box below 0", region(box(-0.1, 0, 1, 0.5), "x")],
    ["a box upside down", region(box(0.6, 0, 0.5, 0.5), "x")],
    ["a box without width", region(box(0, 0.5, 1, 0.5), "x")],
    ["a coordinate that is NaN", region({ bounding_box: { ...box(0, 0, 1, 1).bounding_box, top_row: "NaN" } }, "x")],
    [
      "an infinite coordinate",
      region({ bounding_box: { ...box(0, 0, 1, 1).bounding_box, right_col: "Infinity" } }, "x"),
    ],
    ["a point beyond 1", region({ point: { row: 2, col: 0.5 } }, "x")],
    ["a keypoint beyond 1", region({ keypoint_locations: [{ row: 0, col: 7 }] }, "x")],
    ["two shapes in one region", region({ ...box(0, 0, 1, 1), point: { row: 0, col: 0 } }, "x")],
  ])("with %s is refused with 24155", async (_, one) => {
    const { call, add } = await openHttp();
    await add(note("a"));
    const { json } = await call("POST", "/annotations", { annotations: [{ input_id: "a", data: { regions: [one] } }] });
    expect([json.status.code, json.annotations[0]?.status.code]).toEqual([10020, 24155]);
  });

  it("is refused if it would be a second input-level annotation", async () => {
    const { call, add } = await openHttp();
    await add(note("a"));
    const { json } = await call("POST", "/annotations", { annotations: [{ input_id: "a", input_level: true }] });
    expect(json.annotations[0]?.status.code).toBe(24155);
    expect((await call("GET", "/annotations")).json.annotations).toHaveLength(1);
  });
});

describe("deleting", () => {
  it("one input by its path takes effect at once", async () => {
    const { call, add, emulator } = await openHttp({ deleteDelayMs: 60_000 });
    await add(note("a"), note("b"));
    expect((await call("DELETE", "/inputs/a")).http).toBe(200);
    expect(await call("GET", "/inputs/a")).toMatchObject({ http: 404, json: { status: { code: 11101 } } });
    expect((await call("GET", "/inputs")).json.inputs.map(({ id }) => id)).toEqual(["b"]);
    expect((await call("GET", "/inputs/status")).json.counts.processed).toBe(1);
    expect(emulator.deleted().map(({ id }) => id)).toEqual(["a"]);
    expect((await call("POST", "/inputs", { inputs: [note("a")] })).json.inputs[0]?.status.code).toBe(30001);
    expect((await call("DELETE", "/inputs/nope")).http).toBe(404);
  });

  it("many inputs by a body takes effect after the delay", async () => {
    const { call, add } = await openHttp({ deleteDelayMs: 60_000 });
    await add(note("a"));
    expect((await call("DELETE", "/inputs", { ids: ["a"] })).http).toBe(200);
    expect((await call("GET", "/inputs/a")).http).toBe(200);
  });

  it("all inputs works with delete_all of the first clients, but not together with ids", async () => {
    const { call, add } = await openHttp();
    await add(note("a"), note("b"));
    const both = await call("DELETE", "/inputs", { ids: ["a"], delete_all: true });
    expect(both.json.status.code).toBe(11102);
    expect((await call("DELETE", "/inputs", { delete_all: true })).json.status.code).toBe(10000);
    await expect.poll(async () => (await call("GET", "/inputs")).json.inputs).toEqual([]);
    expect((await call("DELETE", "/inputs", {})).json.status.code).toBe(11102);
  });
});

describe("concepts", () => {
  it("are merged, overwritten and removed in bulk, with true and false as values", async () => {
    const { call, add } = await openHttp();
    await add(note("a"), note("b"));
    const patch = async (action: string, ...concepts: object[]) => {
      const inputs = ["a", "b"].map((id) => ({ id, data: { concepts } }));
      const { json } = await call("PATCH", "/inputs", { action, inputs });
      return json.inputs.map(({ data }) => (data.concepts ?? []).map(({ id, value }) => [id, value]));
    };
    const train = ["train", 1];
    expect(await patch("merge", { id: "train", value: true }, { id: "car", value: false })).toEqual([
      [train, ["car", 0]],
      [train, ["car", 0]],
    ]);
    expect(await patch("overwrite", { id: "car", value: true })).toEqual([[["car", 1]], [["car", 1]]]);
    expect(await patch("remove", { id: "car" })).toEqual([[], []]);
  });

  it("are added and deleted by bulk operations, in all annotations of the caller", async () => {
    const http = await openHttp();
    const { call, add } = http;
    await add(note("a", { concepts: [{ id: "dog" }], regions: [region(box(0, 0, 1, 1), "dog")] }));
    const carryOut = (operation: object) =>
      call("POST", "/bulk_operations", { bulk_operations: [{ input_ids: { input_ids: ["a"] }, operation }] });
    await carryOut({ add_concepts: { concepts: [{ id: "pet", value: 1 }] } });
    await carryOut({ delete_concepts: { concepts: [{ id: "dog" }], user_ids: ["someone"] } });
    const ids = async () =>
      (await annotationsOf(http, "a")).map(({ data }) =>
        [...(data.concepts ?? []), ...(data.regions?.[0]?.data?.concepts ?? [])].map(({ id }) => id),
      );
    expect(await ids()).toEqual([["dog"], ["dog", "pet"]]);
    await carryOut({ delete_concepts: { concepts: [{ id: "dog" }] } });
    expect(await ids()).toEqual([[], ["pet"]]);
  });

  it("are found by their names, in which only * is a wildcard", async () => {
    const { call } = await openHttp();
    await call("POST", "/concepts", { concepts: ["a_b", "aXb", "100%", "1000"].map((id) => ({ id })) });
    const found = async (name: string) =>
      (await call("POST", "/concepts/searches", { concept_query: { name } })).json.concepts.map(({ id }) => id);
    expect(await found("a_b")).toEqual(["a_b"]);
    expect(await found("100%")).toEqual(["100%"]);
    expect(await found("100*")).toEqual(["100%", "1000"]);
  });
});

describe("an upload status", () => {
  it("comes from a dataset version and counts inputs in total, by type and by concept", async () => {
    const { call, add } = await openHttp();
    await call("POST", "/datasets", { datasets: [{ id: "train" }] });
    const metrics = async (id: string) => {
      const { json } = await call("POST", "/datasets/train/versions", { dataset_versions: [{ id }] });
      expect(json).toMatchObject({ dataset_versions: [{ id, dataset_id: "train", status: { code: 64005 } }] });
      await vi.waitFor(async () => {
        const { json: now } = await call("GET", `/datasets/train/versions/${id}`);
        expect(now).toMatchObject({ dataset_version: { status: { code: 64015 } } });
      });
      const answer = (await call("GET", `/datasets/train/versions/${id}/metrics`)).json as unknown as {
        dataset_version_metrics_groups: { type?: number; value: string; metrics: Record<string, number> }[];
      };
      return answer.dataset_version_metrics_groups;
    };
    expect((await metrics("before"))[0]).toMatchObject({ value: "total", metrics: { inputs_count: 0 } });
    await add({
      ...note("a", { concepts: [{ id: "dog" }], regions: [region(box(0, 0, 1, 1), "dog")] }),
      dataset_ids: ["train"],
    });
    const groups = await metrics("after");
    expect(groups.find(({ value }) => value === "text")).toMatchObject({ type: 2, metrics: { inputs_count: 1 } });
    expect(groups.find(({ value }) => value === "dog")).toMatchObject({
      type: 10,
      metrics: { inputs_count: 1, bounding_boxes_count: 1, polygons_count: 0, positive_input_tags_count: 1 },
    });
    const exports = await call("PUT", "/datasets/train/versions/after/exports", { exports: [{ format: 1 }] });
    expect(exports.json).toMatchObject({ status: { code: 10000 } });
    await call("DELETE", "/datasets/train/versions", { dataset_version_ids: ["before"] });
    expect((await call("GET", "/datasets/train/versions/before")).http).toBe(404);
  });
});

describe("inputs by URL on a machine without internet", () => {
  it("count as processed with urls: accept, with unknown format and size", async () => {
    const { add } = await openHttp({ urls: "accept" });
    const [image] = await add({ id: "a", data: { image: { url: "https://a.example/dog.jpg" } } });
    expect(image).toMatchObject({
      status: { code: 30000 },
      data: { image: { image_info: { format: "UnknownImageFormat", color_mode: "UnknownColorMode" } } },
    });
    expect(image?.data.image).not.toHaveProperty("hosted");
    expect(image?.data.image?.image_info).not.toHaveProperty("width");
  });

  it("are fetched by default", async () => {
    const { add } = await openHttp();
    const [image] = await add({ id: "a", data: { image: { url: "http://127.0.0.1:9/dog.jpg" } } });
    expect(image?.status.code).toBe(30002);
    await expect(startEmulator({ urls: "skip" as "fetch" })).rejects.toMatchObject({ code: "ERR_OPTIONS" });
  });
});

describe("a smaller rendition of an image", () => {
  it("counts against the pixel budget while the emulator decodes it", async () => {
    const { add } = await openHttp();
    const [image] = await add(picture("a", await jpeg(1500, 1000)));
    const run = vi.spyOn(pixelBudget, "run");
    const { hosted } = image?.data.image ?? {};
    const answer = await fetch(`${hosted?.prefix}/tiny/${hosted?.suffix}`, { headers: { authorization: "Key any" } });
    expect([answer.status, answer.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    expect(run.mock.calls.map(([, megapixels]) => megapixels)).toEqual([2]);
  });
});

describe("the start of an emulator", () => {
  it("deletes media files without rows, and counts rows without media files", async () => {
    const data = temporaryFolder();
    const first = await openHttp({ data });
    await first.add(picture("kept", await jpeg(20, 10)), picture("lost", await jpeg(10, 20)));
    const [kept, lost] = first.emulator.stored().map(({ sha256 }) => sha256 as string);
    await first.emulator.close();
    const pathOf = (sha256: string) => join(data, "media", sha256.slice(0, 2), sha256);
    const orphan = "ab".repeat(32);
    mkdirSync(join(data, "media", "ab"), { recursive: true });
    writeFileSync(pathOf(orphan), "of a process that was killed");
    writeFileSync(join(data, "media", "ab", "README"), "not one of ours");
    rmSync(pathOf(lost as string));
    const { emulator, call } = await openHttp({ data });
    expect(emulator.checked).toEqual({ collectedFiles: 1, inputsWithoutMedia: 1 });
    expect([orphan, kept as string].map((sha256) => existsSync(pathOf(sha256)))).toEqual([false, true]);
    expect(existsSync(join(data, "media", "ab", "README"))).toBe(true);
    const { hosted } = (await call("GET", "/inputs/lost")).json.input.data.image ?? {};
    const url = `${hosted?.prefix}/orig/${hosted?.suffix}`;
    expect((await fetch(url, { headers: { authorization: "Key any" } })).status).toBe(404);
  });
});
