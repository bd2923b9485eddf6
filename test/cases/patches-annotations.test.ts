/** Annotations of every kind stay the same through a listing, a patch and a JSON Lines file; changed annotations are patched as requested. */

import { join } from "node:path";
import { inspect } from "node:util";
import sharp from "sharp";
import { beforeEach, describe, expect, it } from "vitest";
import { annotationData, annotationFromWire, plainAnnotation } from "../../src/clarifai/wire/annotations.js";
import type { Emulator } from "../../src/emulator/index.js";
import {
  type Annotation,
  type App,
  batch,
  connect,
  download,
  fitImage,
  flow,
  fromIterable,
  htmlOf,
  type Input,
  jsonl,
  listInputs,
  type PatchOptions,
  patch,
  tagMetadata,
  transform,
  upload,
} from "../../src/index.js";
import { png, pngText } from "../helpers/bombs.js";
import { draftOf } from "../helpers/small-contents.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const concept = (id: string) => ({ id, name: id, value: 1 });
const region = (region_info: object, more: object = {}) => ({
  regions: [{ region_info, data: { concepts: [concept("nose")] }, ...more }],
});
const box = { bounding_box: { top_row: 0.1, left_col: 0.2, bottom_row: 0.5, right_col: 0.6 } };
const corners = [
  [0.1, 0.2],
  [0.9, 0.2],
  [0.5, 0.8],
].map(([col, row]) => ({ row, col, visibility: 1 }));

const mask = (n: number) => Buffer.from(png(2, 2, 8, [pngText(n)])).toString("base64");

/** Data of annotations by kind, in the form of the API, with the fields that the emulator stores. */
const kinds: Record<string, object> = {
  point: region({ point: { row: 0.25, col: 0.5, visibility: 2 } }),
  "plain point": region({ point: { row: 0.25, col: 0.5, visibility: 1 } }),
  "point with depth": region({ point: { row: 0.25, col: 0.5, z: 0.75 } }),
  mask: region({ mask: { image: { base64: mask(1) } } }),
  "mask by URL": region({ mask: { image: { url: "https://img.example/mask.png" } } }),
  span: region({ span: { char_start: 0, char_end: 4, raw_text: "calm" } }),
  token: region({ token: { char_start: 5, char_end: 8, raw_text: "sea" } }),
  keypoints: region({ ...box, keypoint_locations: [{ row: 0.2, col: 0.3 }] }),
  "polygon with hidden corners": region({
    polygon: { points: corners.map((point, n) => ({ ...point, visibility: n + 1 })) },
  }),
  frame: { frames: [{ id: "f1", frame_info: { index: 3, time: 120, number: 4 }, data: region(box) }] },
  "time segment": {
    time_segments: [
      { id: "s1", time_info: { num_frames: 5, begin_time: 1, end_time: 2.5 }, data: { concepts: [concept("nose")] } },
    ],
  },
  box: region(box),
  polygon: region({ polygon: { points: corners } }),
  "concepts and metadata": { concepts: [concept("nose")], metadata: { by: { hand: [1, null] } } },
  "metadata alone": { metadata: { note: "x" } },
};
const names = Object.keys(kinds);
/** Kinds that need a video. The others are annotations of a text. */
const ofVideo = ["frame", "time segment"];

async function call(store: Emulator, method: string, path: string, body?: object, app = "main") {
  const answer = await fetch(`${store.url}/v2/users/me/apps/${app}${path}`, {
    method,
    headers: { authorization: "Key any", "content-type": "application/json" },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return (await answer.json()) as { annotations: Record<string, unknown>[]; status: { code: number } };
}

async function stored(store: Emulator, app = "main"): Promise<Map<string, Record<string, unknown>>> {
  const { annotations } = await call(
    store,
    "GET",
    "/annotations?per_page=1000&list_all_annotations=true",
    undefined,
    app,
  );
  const posted = annotations.filter((annotation) => annotation.input_level !== true);
  const plain = posted.map(({ modified_at: _, created_at: __, ...annotation }) => annotation);
  return new Map(plain.map((annotation) => [annotation.id as string, annotation]));
}

interface Regions {
  regions: { region_info: object }[];
}
type Framed = Regions & { frames?: { frame_info?: object; data: Regions }[] };

describe("annotations of every kind", () => {
  let store: Emulator;
  let app: App;
  beforeEach(async () => {
    ({ store, app } = await openStore({ grpcPort: 0 }));
    const metadata = { split: "train" };
    const video = { id: "v", ...draftOf("video", 0, ""), metadata };
    await flow(fromIterable([{ id: "a", text: "calm sea", metadata }, video]))
      .pipe(batch(), upload(app))
      .run();
    const annotations = names.map((id, n) => ({
      ...{ id, input_id: ofVideo.includes(id) ? "v" : "a", data: kinds[id], annotation_info: { n } },
      ...(n % 2 === 0 ? { status: { code: 24157 } } : {}),
    }));
    expect((await call(store, "POST", "/annotations", { annotations })).status.code).toBe(10000);
  });

  const patched = (apply: (input: Input) => Input, options: PatchOptions = {}) =>
    flow(listInputs(app, { annotations: true }))
      .pipe(transform(apply), batch(), patch(app, options))
      .run();

  it.each(["merge", "overwrite"] as const)(
    "are not patched when only the input's metadata change, with %s",
    async (action) => {
      const before = await stored(store);
      store.faults.add({ method: "PATCH", path: "/annotations", fault: { type: "status", http: 400, code: 11102 } });
      const report = await flow(listInputs(app, { annotations: true }))
        .pipe(tagMetadata({ seen: true }), batch(), patch(app, { action }))
        .run();
      expect(report.counts).toMatchObject({ ok: 2 });
      expect(await stored(store)).toEqual(before);
    },
  );

  it.each(names)("do not change when another annotation (%s) is removed", async (name) => {
    const before = await stored(store);
    const away = (input: Input) => ({ ...input, annotations: input.annotations.filter(({ id }) => id !== name) });
    expect((await patched(away)).counts).toMatchObject({ ok: 1 });
    const after = await stored(store);
    expect([...after.keys()]).not.toContain(name);
    before.delete(name);
    expect(after).toEqual(before);
  });

  it.each(["rest", "grpc"] as const)(
    "are copied to another app through a download with the same data, ids and states, over %s",
    async (wire) => {
      const other = await connect({
        baseUrl: store.url,
        pat: "any",
        userId: "me",
        appId: "copy",
        wire,
        ...(wire === "grpc" ? { grpcUrl: store.grpcUrl } : {}),
      });
      const folder = temporaryFolder();
      await flow(listInputs(app)).pipe(download(folder)).run();
      const copied = await flow(jsonl(join(folder, "manifest.jsonl")))
        .pipe(batch(), upload(other))
        .run();
      expect(copied.counts).toMatchObject({ ok: 2 });
      const again = await flow(jsonl(join(folder, "manifest.jsonl")))
        .pipe(batch(), upload(other))
        .run();
      expect(again.counts).toMatchObject({ ok: 0, skipped: 2 });
      await other.close();
      const [before, after] = [await stored(store), await stored(store, "copy")];
      expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
      const comparable = (annotation: object | undefined, isTyped: boolean) => {
        const json = JSON.stringify(annotation).replaceAll('"app_id":"copy"', '"app_id":"main"');
        // The platform gives each region an id of its own.
        return JSON.parse(isTyped ? json.replace(/"id":"[0-9a-f]{32}",?/, "") : json);
      };
      const typed = ["box", "polygon", "mask", "mask by URL", "span", "frame", "plain point"];
      for (const name of names) {
        const isTyped = typed.includes(name);
        expect(comparable(after.get(name), isTyped)).toEqual(comparable(before.get(name), isTyped));
      }
    },
  );

  it("are shown in reports, prints and notebooks", async () => {
    const inputs = await flow(listInputs(app, { annotations: true })).toArray();
    expect(await htmlOf(inputs)).toContain("calm sea");
    const printed = inputs.map((input) => inspect(input)).join("");
    const texts = ["mask nose", "span 0–4 nose", "point nose", "frame at 0.12 s box nose", "1–2.5 nose"];
    for (const text of [...texts, "token", "box nose", "polygon nose"]) {
      expect(printed).toMatch(new RegExp(`annotations .*${text}`));
    }
    const report = await flow(listInputs(app, { annotations: true })).run();
    expect(await htmlOf(report)).toContain("calm sea");
  });

  it("are patched in their own data only, with the id of their region", async () => {
    const before = await stored(store);
    const moved = (annotation: Annotation): Annotation => {
      if (annotation.id === "box") return { ...annotation, box: [0.3, 0.3, 0.4, 0.4] };
      if (annotation.id === "plain point") return { ...annotation, point: [0.5, 0.75] };
      if (annotation.id === "frame") return { ...annotation, frame: { timeMs: 40 }, box: [0.3, 0.3, 0.4, 0.4] };
      if (annotation.id !== "point") return annotation;
      return JSON.parse(JSON.stringify(annotation).replace('"row":0.25', '"row":0.75')) as Annotation;
    };
    const report = await patched((input) => ({ ...input, annotations: input.annotations.map(moved) }));
    expect(report.failures).toEqual([]);
    const after = await stored(store);
    const wanted = structuredClone(before) as Map<string, { data?: Framed }>;
    const infoOf = (name: string) => wanted.get(name)?.data?.regions[0] ?? { region_info: {} };
    infoOf("plain point").region_info = { point: { row: 0.75, col: 0.5, visibility: 1 } };
    const [frame = { data: { regions: [] } }] = wanted.get("frame")?.data?.frames ?? [];
    const moves = { top_row: 0.3, left_col: 0.3, bottom_row: 0.4, right_col: 0.4 };
    frame.frame_info = { index: 0, time: 40, number: 0 };
    frame.data.regions[0] = { ...frame.data.regions[0], region_info: { bounding_box: moves } };
    infoOf("point").region_info = { point: { row: 0.75, col: 0.5, visibility: 2 } };
    infoOf("box").region_info = { bounding_box: { top_row: 0.3, left_col: 0.3, bottom_row: 0.4, right_col: 0.4 } };
    expect(Object.fromEntries(after)).toEqual(Object.fromEntries(wanted));
  });

  it("can become one of an opaque kind, in whole", async () => {
    const data = { regions: [{ region_info: { keypoint_locations: [{ row: 0.5, col: 0.25 }] } }] };
    const apply = (input: Input) => ({
      ...input,
      annotations: input.annotations.map((annotation): Annotation => {
        const { box: _, ...rest } = annotation;
        return annotation.id === "box" ? { ...rest, concepts: [], data } : annotation;
      }),
    });
    expect((await patched(apply)).failures).toEqual([]);
    const [{ annotations = [] } = {}] = await flow(listInputs(app, { ids: ["a"], annotations: true })).toArray();
    const found = annotations.find(({ id }) => id === "box");
    expect(found).not.toHaveProperty("box");
    expect(found?.data?.regions).toMatchObject([{ region_info: { keypoint_locations: [{ row: 0.5, col: 0.25 }] } }]);
  });

  it("can get another mask", async () => {
    const apply = (input: Input) =>
      ({
        ...input,
        annotations: JSON.parse(JSON.stringify(input.annotations).replace(mask(1), mask(2))),
      }) as Input;
    expect((await patched(apply)).counts).toMatchObject({ ok: 1, skipped: 1 });
    expect(JSON.stringify((await stored(store)).get("mask"))).toContain(mask(2));
  });

  it("can lose a concept and their free data, and get another concept value", async () => {
    const apply = (input: Input) => ({
      ...input,
      annotations: input.annotations.map((annotation): Annotation => {
        const { info: _, ...rest } = annotation;
        if (annotation.id === "box") return { ...rest, concepts: [] };
        return annotation.id === "polygon"
          ? { ...annotation, concepts: [{ id: "nose", value: 0 }, { id: "ear" }] }
          : annotation;
      }),
    });
    expect((await patched(apply)).failures).toEqual([]);
    const [{ annotations = [] } = {}] = await flow(listInputs(app, { ids: ["a"], annotations: true })).toArray();
    const byId = new Map(annotations.map((annotation) => [annotation.id, annotation]));
    expect(byId.get("box")).toMatchObject({ concepts: [], box: [0.2, 0.1, 0.6, 0.5] });
    expect(byId.get("box")).not.toHaveProperty("info");
    expect(byId.get("polygon")?.concepts).toEqual([
      { id: "nose", name: "nose", value: 0 },
      { id: "ear", name: "ear", value: 1 },
    ]);
    expect((await patched((input) => input)).counts).toMatchObject({ skipped: 2 });
  });

  it("fail their input after other requests succeeded, and the error names those requests", async () => {
    store.faults.add({ method: "PATCH", path: "/annotations", fault: { type: "status", http: 400, code: 24155 } });
    const report = await patched((input) => ({
      ...input,
      metadata: { split: "test" },
      annotations: input.annotations.map((one) => (one.box ? { ...one, box: [0, 0, 1, 1] } : one)) as Annotation[],
    }));
    const failures = [...report.failures].sort((one, other) => String(one.id).localeCompare(String(other.id)));
    expect(failures).toMatchObject([
      { id: "a", code: "24155", reason: expect.stringMatching(/^its fields were patched, then: /) },
      { id: "v", code: "24155", reason: expect.stringMatching(/^its fields were patched, then: /) },
    ]);
  });
});

describe("data of an annotation", () => {
  const raw: Record<string, Record<string, unknown>> = {
    "several regions": { regions: [box, box].map((region_info) => ({ region_info })) },
    "a region of a newer API": { regions: [{ id: "r", region_info: { ellipse: { radius: 0.2 } } }] },
    "a box with a newer field": {
      regions: [{ id: "r", region_info: { bounding_box: { ...box.bounding_box, angle: 3 } } }],
    },
    tracks: { tracks: [{ id: "t", frames: [] }] },
    embeddings: { embeddings: [{ vector: [0.1, 0.2], num_dimensions: 2 }] },
    "a concept with keypoints": { concepts: [{ ...concept("a"), keypoint_info: { keypoints: [] } }] },
    "a segment within a time segment": { time_segments: [{ data: { time_segments: [{ id: "s" }] } }] },
    "an odd list of regions": { regions: "none" },
    nothing: { concepts: [] },
  };
  it.each(Object.entries(raw))("is written as it was read: %s", (_, data) => {
    const annotation = plainAnnotation(annotationFromWire({ id: "x", input_id: "a", data }));
    expect(annotationData(JSON.parse(JSON.stringify(annotation)))).toEqual(data);
  });

  it("of a box keeps its score and track beside the typed box", () => {
    const [plain] = region(box).regions;
    const data = {
      regions: [{ ...plain, value: 0.75, track_id: "t1", data: { ...plain?.data, text: { raw: "N 1" } } }],
    };
    const annotation = plainAnnotation(annotationFromWire({ id: "x", input_id: "a", data }));
    expect(annotation).toMatchObject({ box: [0.2, 0.1, 0.6, 0.5], concepts: [{ id: "nose" }] });
    expect(annotationData(annotation)).toEqual(data);
    expect(annotationData({ ...annotation, box: [0, 0, 1, 1], concepts: [] })).toEqual({
      regions: [
        {
          ...{ value: 0.75, track_id: "t1", data: { text: { raw: "N 1" } } },
          region_info: { bounding_box: { top_row: 0, left_col: 0, bottom_row: 1, right_col: 1 } },
        },
      ],
    });
    const { box: _, ...without } = annotation;
    expect(annotationData({ ...without, concepts: [] })).toEqual({});
  });
});

it("an annotation of a point stays in place, so fitImage refuses to turn the image", async () => {
  const bytes = new Uint8Array(
    await sharp({ create: { width: 40, height: 20, channels: 3, background: "red" } })
      .withMetadata({ orientation: 6 })
      .jpeg()
      .toBuffer(),
  );
  const annotations = [
    { id: "p", concepts: [], data: region({ point: { row: 0.25, col: 0.5, z: 1 } }) },
  ] as unknown as Annotation[];
  const draft = { id: "a", image: { bytes }, annotations: [...annotations] };
  const report = await flow(fromIterable([draft]))
    .pipe(fitImage())
    .run();
  expect(report.failures).toMatchObject([{ code: "ERR_REGION", reason: expect.stringMatching(/"p" has coordinates/) }]);
  const kept = await flow(fromIterable([draft]))
    .pipe(fitImage({ upright: false }))
    .toArray();
  expect(kept[0]?.annotations).toMatchObject(annotations);
});
