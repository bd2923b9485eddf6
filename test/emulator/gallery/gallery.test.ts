/** The data of the gallery: access, filters, and the form of the answers. */

import { createHash } from "node:crypto";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import type { ChangesShape, FacetsShape, LocationsShape, RecordShape } from "../../../src/emulator/gallery/shapes.js";
import { png } from "../../helpers/bombs.js";
import { exampleBytes, jpeg } from "../../helpers/files.js";
import { openGallery } from "../../helpers/gallery.js";
import { type Http, note, openHttp, picture } from "../../helpers/http.js";
import { smallContent } from "../../helpers/small-contents.js";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const box = { top_row: 0.1, left_col: 0.2, bottom_row: 0.5, right_col: 0.6 };

/** Adds a box to an input. */
function drawOn({ call }: Http, inputId: string, concept: string) {
  const data = { regions: [{ region_info: { bounding_box: box }, data: { concepts: [{ id: concept }] } }] };
  return call("POST", "/annotations", { annotations: [{ id: "drawn", input_id: inputId, data }] });
}

/** Starts an emulator with five inputs, of which one has failed. */
async function filled() {
  const http = await openHttp();
  await http.add(
    note("calm", { concepts: [{ id: "sea", name: "Sea" }], metadata: { split: "train", camera: { iso: 100 } } }),
  );
  await http.add({
    ...note("rough", { concepts: [{ id: "sea" }], metadata: { split: "test", tags: ["wet", "cold"] } }),
    dataset_ids: ["storms"],
  });
  await http.add(note("far", { geo: { geo_point: { longitude: 151.2, latitude: -33.9 } } }));
  await http.add(picture("photo", await jpeg()));
  await http.add(picture("broken", Buffer.from("not an image at all")));
  return http;
}

describe("filters of the gallery", () => {
  it("find the inputs that match all of them, newest first", async () => {
    const { find } = await openGallery((await filled()).emulator);
    const cases: [what: string, filter: Record<string, string>, ids: string[]][] = [
      ["nothing", {}, ["broken", "photo", "far", "rough", "calm"]],
      ["a kind", { kind: "text" }, ["far", "rough", "calm"]],
      ["a state", { status: "failed" }, ["broken"]],
      ["a code", { status: "30000" }, ["photo", "far", "rough", "calm"]],
      ["a concept", { concept: "sea" }, ["rough", "calm"]],
      ["a dataset", { dataset: "storms" }, ["rough"]],
      ["metadata", { key: "split", value: "train" }, ["calm"]],
      ["metadata in an object", { key: "camera.iso", value: "100" }, ["calm"]],
      ["metadata in a list", { key: "tags", value: "cold" }, ["rough"]],
      ["a part of the id", { q: "OTO" }, ["photo"]],
      ["a part of the id that is a pattern elsewhere", { q: "%" }, []],
      ["an area", { area: "150,-40,160,-30" }, ["far"]],
      ["several", { concept: "sea", dataset: "storms", kind: "text", key: "split", value: "test" }, ["rough"]],
      ["several that exclude each other", { concept: "sea", kind: "image" }, []],
    ];
    for (const [what, filter, ids] of cases) expect(await find(filter), what).toEqual(ids);
  });

  it("follow annotations, changes and deletions after the gallery was opened", async () => {
    const http = await filled();
    const { find } = await openGallery(http.emulator);
    expect(await find({ concept: "boat" })).toEqual([]);
    await drawOn(http, "photo", "boat");
    expect(await find({ concept: "boat" })).toEqual(["photo"]);
    const changed = { id: "calm", data: { concepts: [{ id: "lake" }], metadata: { split: "none" } } };
    await http.call("PATCH", "/inputs", { action: "overwrite", inputs: [changed] });
    expect(await find({ concept: "sea" })).toEqual(["rough"]);
    expect(await find({ key: "split", value: "none" })).toEqual(["calm"]);
    await http.call("DELETE", "/inputs/photo/annotations/drawn");
    expect(await find({ concept: "boat" })).toEqual([]);
    await http.call("DELETE", "/inputs", { ids: ["rough"] });
    await expect.poll(() => find({ concept: "sea" })).toEqual([]);
    expect(await find()).toEqual(["broken", "photo", "far", "calm"]);
  });

  it("are offered with counts", async () => {
    const { ask, find } = await openGallery((await filled()).emulator);
    await find();
    expect(await ask<FacetsShape>("facets")).toMatchObject({
      total: 5,
      kinds: expect.arrayContaining([{ kind: "text", count: 3 }]) as unknown,
      statuses: expect.arrayContaining([
        { code: 30002, text: expect.any(String) as string, state: "failed", count: 1 },
      ]) as unknown,
      datasets: [{ id: "storms", count: 1 }],
      concepts: [{ id: "sea", name: "Sea", count: 2 }],
      keys: ["camera.iso", "split", "tags"],
    });
    expect(await ask<string[]>("values", { key: "tags" })).toEqual(["cold", "wet"]);
  });

  it("are offered with counts that follow changes and deletions", async () => {
    const http = await filled();
    const { ask, find } = await openGallery(http.emulator);
    await find();
    const changed = { id: "calm", data: { concepts: [{ id: "lake" }], metadata: { split: "none" } } };
    await http.call("PATCH", "/inputs", { action: "overwrite", inputs: [changed] });
    await http.call("POST", "/datasets/storms/inputs", { dataset_inputs: [{ input: { id: "photo" } }] });
    await http.call("DELETE", "/inputs", { ids: ["rough", "broken"] });
    await expect.poll(() => find()).toEqual(["photo", "far", "calm"]);
    const facets = await ask<FacetsShape>("facets");
    expect(facets).toMatchObject({
      total: 3,
      concepts: [{ id: "lake", count: 1 }],
      datasets: [{ id: "storms", count: 1 }],
      keys: ["split"],
    });
    expect(facets.statuses.map(({ state, count }) => [state, count])).toEqual([["ready", 3]]);
    expect(facets.kinds.map(({ kind, count }) => [kind, count]).sort()).toEqual([
      ["image", 1],
      ["text", 2],
    ]);
    expect(await find({ dataset: "storms" })).toEqual(["photo"]);
    expect(await ask("inputs", { status: "ready", limit: 1 })).toMatchObject({ total: 3 });
  });
});

describe("pages of the gallery", () => {
  it("follow each other without gaps while inputs are added", async () => {
    const http = await openHttp();
    await http.add(...Array.from({ length: 30 }, (_, n) => note(`n${n}`)));
    const { ask } = await openGallery(http.emulator);
    const first = await ask("inputs", { limit: 10 });
    await http.add(note("later"));
    const at = { limit: 10, top: first.top, after: first.items.at(-1)?.seq ?? 0 };
    const second = await ask("inputs", at);
    const third = await ask("inputs", { ...at, skip: 10 });
    const ids = [first, second, third].flatMap((page) => page.items.map((item) => item.id));
    expect(ids).toEqual(Array.from({ length: 30 }, (_, n) => `n${29 - n}`));
    expect(first.total).toBe(30);
    expect((await ask("inputs", { limit: 1 })).items[0]?.id).toBe("later");
  });

  it("count the inputs that existed at the first request", async () => {
    const http = await openHttp();
    await http.add(
      ...Array.from({ length: 9 }, (_, n) => note(`n${n}`, { concepts: [{ id: n < 6 ? "sea" : "lake" }] })),
    );
    const { ask, find } = await openGallery(http.emulator);
    await find();
    const { top } = await ask("inputs", { limit: 1 });
    await http.add(note("later", { concepts: [{ id: "sea" }] }));
    await find();
    for (const [filter, before, after] of [
      [{}, 9, 10],
      [{ kind: "text" }, 9, 10],
      [{ concept: "sea" }, 6, 7],
      [{ concept: "sea", kind: "text" }, 6, 7],
    ] as const) {
      expect((await ask("inputs", { ...filter, limit: 2, top })).total).toBe(before);
      expect((await ask("inputs", { ...filter, limit: 2 })).total).toBe(after);
    }
  });

  it("report changes", async () => {
    const http = await openHttp();
    await http.add(note("a"));
    const { ask, find } = await openGallery(http.emulator);
    await find();
    const before = await ask<ChangesShape>("changes");
    expect(await ask<ChangesShape>("changes")).toEqual(before);
    await http.add(note("b"));
    const after = await ask<ChangesShape>("changes");
    expect(after.version).not.toBe(before.version);
    expect(after.newest).toBeGreaterThan(before.newest);
  });

  it("contain the beginning of a text, the regions, and why an input failed", async () => {
    const http = await filled();
    await http.add({ id: "long", data: { text: { raw: `"\\ü🙂\n${"x".repeat(5000)}` } } });
    await drawOn(http, "photo", "boat");
    const { items } = await (await openGallery(http.emulator)).ask("inputs");
    const item = (id: string) => items.find((one) => one.id === id);
    expect(item("long")?.text).toBe(`"\\ü🙂\n${"x".repeat(5000)}`.slice(0, 280));
    expect(item("photo")?.regions).toEqual([{ box: [0.2, 0.1, 0.6, 0.5], concepts: ["boat"] }]);
    expect(item("broken")).toMatchObject({
      state: "failed",
      code: 30002,
      details: expect.stringContaining("not image") as string,
    });
    expect(item("broken")).not.toHaveProperty("sha256");
  });

  it("contain points and small masks, and not what has a time or is large", async () => {
    const http = await openHttp();
    await http.add({ id: "v", data: { video: { base64: smallContent("video", 0).toString("base64") } } });
    const small = png(2, 2).toString("base64");
    const large = Buffer.concat([png(2, 2), Buffer.alloc(30_000)]).toString("base64");
    const drawn = (region_info: object) => ({ regions: [{ region_info, data: { concepts: [{ id: "boat" }] } }] });
    const datas = [
      drawn({ point: { row: 0.25, col: 0.5 } }),
      drawn({ mask: { image: { base64: small } } }),
      drawn({ mask: { image: { base64: large } } }),
      drawn({ mask: { image: { url: "https://a.test/m.png" } } }),
      { frames: [{ frame_info: { time: 1500 }, data: drawn({ point: { row: 0, col: 0 } }) }] },
      { time_segments: [{ time_info: { begin_time: 1.5, end_time: 4 }, data: { concepts: [{ id: "boat" }] } }] },
    ];
    const annotations = datas.map((data) => ({ input_id: "v", data }));
    expect((await http.call("POST", "/annotations", { annotations })).json.status.code).toBe(10000);
    await http.add({ id: "t", data: { text: { raw: "calm sea" } } });
    const spans = ["span", "token"].map((name) => ({
      input_id: "t",
      data: drawn({ [name]: { char_start: 5, char_end: 8 } }),
    }));
    expect((await http.call("POST", "/annotations", { annotations: spans })).json.status.code).toBe(10000);
    const { ask } = await openGallery(http.emulator);
    const { items } = await ask("inputs");
    const of = (id: string) => items.find((item) => item.id === id) as (typeof items)[number];
    const point = { point: [0.5, 0.25], concepts: ["boat"] };
    expect(of("v").regions).toEqual([point, { mask: small, concepts: ["boat"] }]);
    expect(of("t").regions).toEqual([]);
    const video = await ask<RecordShape>("record", { seq: of("v").seq });
    expect(video.item.regions).toEqual([point, ...[small, large].map((mask) => ({ mask, concepts: ["boat"] }))]);
    expect(video.parts).toEqual([
      { text: "mask", concepts: ["boat"] },
      { text: "frame at 1.5 s point", concepts: ["boat"] },
      { text: "1.5–4", concepts: ["boat"] },
    ]);
    const text = await ask<RecordShape>("record", { seq: of("t").seq });
    expect(text.parts).toEqual(Array(2).fill({ text: "span 5–8", concepts: ["boat"] }));
  });

  it("handle halves of surrogate pairs", async () => {
    const http = await openHttp();
    await http.call(
      "POST",
      "/inputs",
      String.raw`{"inputs":[{"id":"half","data":{"text":{"raw":"a\ud800b"},"metadata":{"k":"\udfff"}}}]}`,
    );
    await drawOn(http, "half", "a\ud800");
    const { find, ask } = await openGallery(http.emulator);
    expect(await find()).toEqual(["half"]);
    expect(await ask<string[]>("values", { key: "k" })).toEqual([]);
    await ask<FacetsShape>("facets");
  });
});

describe("one input in the gallery", () => {
  it("has its complete record, with the beginning of a long text", async () => {
    const http = await filled();
    await drawOn(http, "photo", "boat");
    const gallery = await openGallery(http.emulator);
    const { items } = await gallery.ask("inputs");
    const seqOf = (id: string) => items.find((item) => item.id === id)?.seq ?? 0;
    const photo = await gallery.ask<RecordShape>("record", { seq: seqOf("photo") });
    expect(photo).toMatchObject({
      datasets: [],
      record: { id: "photo", times_stored: 1, annotations: [{ id: "drawn" }] },
    });
    expect((await gallery.ask<RecordShape>("record", { seq: seqOf("far") })).location).toEqual({
      longitude: 151.2,
      latitude: -33.9,
    });
    await http.add({ id: "book", data: { text: { raw: "y".repeat(150_000) } } });
    const newest = (await gallery.ask("inputs", { limit: 1 })).items[0]?.seq ?? 0;
    const book = await gallery.ask<RecordShape>("record", { seq: newest });
    expect([book.text?.length, book.isTextCut]).toEqual([100_000, true]);
    expect(JSON.stringify(book.record).length).toBeLessThan(2000);
    await expect(gallery.ask("record", { seq: 999_999 })).rejects.toThrow("404");
  });

  it("is on the map", async () => {
    const gallery = await openGallery((await filled()).emulator);
    await gallery.find();
    const { points } = await gallery.ask<LocationsShape>("locations");
    expect(points.map(([, ...location]) => location)).toEqual([[151.2, -33.9]]);
    expect((await gallery.ask<LocationsShape>("locations", { kind: "image" })).points).toEqual([]);
  });

  it("has a small upright picture, and its original", async () => {
    const http = await openHttp();
    const bytes = await sharp({ create: { width: 900, height: 600, channels: 3, background: "red" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer();
    await http.add(picture("p", bytes));
    const { file } = await openGallery(http.emulator);
    const tile = await file(`pictures/tile/${sha256(bytes)}`);
    expect(tile.headers.get("cache-control")).toContain("immutable");
    const shown = await sharp(Buffer.from(await tile.arrayBuffer())).metadata();
    expect(shown).toMatchObject({ format: "webp", width: 240, height: 360 });
    const stored = await file(`pictures/tile-as-stored/${sha256(bytes)}`); // Regions refer to the stored pixels.
    expect(await sharp(Buffer.from(await stored.arrayBuffer())).metadata()).toMatchObject({ width: 360, height: 240 });
    expect(Buffer.from(await (await file(`media/${sha256(bytes)}`)).arrayBuffer()).equals(bytes)).toBe(true);
    const part = await file(`media/${sha256(bytes)}`, { range: "bytes=0-3" });
    expect([part.status, (await part.arrayBuffer()).byteLength]).toEqual([206, 4]);
  });
});

it("writes nothing to the store", async () => {
  const { emulator, folder } = await filled();
  const { find } = await openGallery(emulator);
  await find();
  await emulator.close();
  const again = await openHttp({ data: folder });
  await again.add(note("more"));
  await expect((await openGallery(again.emulator)).ask("inputs")).resolves.toMatchObject({ total: 6 });
});

it("opens one session with each link", async () => {
  const { emulator } = await openHttp({ pat: "right" });
  const link = new URLSearchParams(new URL(emulator.galleryUrl()).hash.slice(1)).get("link");
  expect(emulator.galleryUrl()).not.toContain(link);
  const open = () => fetch(`${emulator.url}/gallery/session`, { method: "POST", body: JSON.stringify({ link }) });
  expect([(await open()).status, (await open()).status]).toEqual([200, 401]);
});

it("serves video and audio with their media types", async () => {
  const http = await openHttp();
  const bytes = exampleBytes("media/foghorn.wav");
  await http.add({ id: "bell", data: { audio: { base64: bytes.toString("base64") } } });
  const response = await (await openGallery(http.emulator)).file(`media/${sha256(bytes)}`);
  expect(response.headers.get("content-type")).toBe("audio/wav");
});
