/** Every row of the platform's page on managing inputs, through the public API and over HTTP. */

import { createHash } from "node:crypto";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  type App,
  addConcepts,
  annotate,
  batch,
  boundingBox,
  concept,
  csv,
  download,
  type Flow,
  filterInputs,
  flow,
  folder,
  fromIterable,
  type Input,
  type InputDraft,
  jsonl,
  listInputs,
  type Message,
  patch,
  patchConcepts,
  polygon,
  remove,
  removeAnnotations,
  setGeo,
  tagMetadata,
  transform,
  upload,
  urls,
  writeJsonl,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const data = join(import.meta.dirname, "../../examples/data");
const photo = join(data, "harbour/quay.jpg");
const clip = join(data, "media/ferry.mp4");
const sound = join(data, "media/foghorn.wav");
let photoBytes: Buffer;

beforeAll(async () => {
  photoBytes = await readFile(photo);
});

async function put(app: App, ...inputs: InputDraft[]) {
  const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
  expect(report.failures).toEqual([]);
  return report;
}

async function one(app: App, id: string): Promise<Input> {
  const [input] = await flow(listInputs(app, { ids: [id], annotations: true })).toArray();
  if (!input) throw new Error(`${id} is not there`);
  return input;
}

function batchSizes(batches: Flow<Message[]>): Promise<number[]> {
  const sizes: number[] = [];
  return new Promise((resolve, reject) => {
    batches.subscribe({
      next: (messages) => sizes.push(messages.length),
      complete: () => resolve(sizes),
      error: reject,
    });
  });
}

/** A server on loopback that serves the files of the example. */
async function fileServer(): Promise<string> {
  const files: Record<string, string> = { "/a.jpg": photo, "/b.mp4": clip, "/c.wav": sound };
  const server = createServer(async (request, response) => {
    const path = files[request.url ?? ""];
    response.end(path === undefined ? "a text from afar" : await readFile(path));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("adding inputs", () => {
  it("1. refuses an input over the limits of its type, before any request", async () => {
    const { store, app } = await openStore();
    const inputs = [
      { id: "text", text: "x".repeat(20_000_000) },
      { id: "audio", audio: { bytes: Buffer.concat([await readFile(sound), Buffer.alloc(20_000_000)]) } },
    ];
    const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
    expect(report.failures.map((failure) => failure.code)).toEqual(["ERR_ITEM_TOO_LARGE", "ERR_ITEM_TOO_LARGE"]);
    expect(report.traffic.requests).toBe(0);
    expect(store.stored()).toEqual([]);
  });

  it("2. batches a folder by count and by bytes", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    for (let n = 0; n < 300; n += 1) await writeFile(join(path, `${n}.txt`), `text ${n}`);
    expect(await batchSizes(flow(folder(path)).pipe(batch()))).toEqual([128, 128, 44]);
    expect(await batchSizes(flow(folder(path)).pipe(batch({ maxItems: 100, maxBytes: 10_000 })))).toEqual(
      expect.arrayContaining([expect.toSatisfy((count: number) => count < 100)]),
    );
    const report = await flow(folder(path)).pipe(batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ read: 300, ok: 300 });
    expect(report.traffic.requests).toBeLessThanOrEqual(3 * 2);
    expect(store.stored()).toHaveLength(300);
  });

  it("3–6. accepts images, video and audio as URL, file and bytes, and text as a string, URL and file", async () => {
    const { store, app } = await openStore();
    const base = await fileServer();
    const note = join(data, "notes/welcome.txt");
    await put(
      app,
      { id: "image-file", image: { path: photo } },
      { id: "image-bytes", image: { bytes: photoBytes } },
      { id: "image-url", image: { url: `${base}/a.jpg` } },
      { id: "video-file", video: { path: clip } },
      { id: "video-bytes", video: { bytes: await readFile(clip) } },
      { id: "video-url", video: { url: `${base}/b.mp4` } },
      { id: "audio-file", audio: { path: sound } },
      { id: "audio-bytes", audio: { bytes: await readFile(sound) } },
      { id: "audio-url", audio: { url: `${base}/c.wav` } },
      { id: "text-raw", text: "a text" },
      { id: "text-file", text: { path: note } },
      { id: "text-url", text: { url: `${base}/d.txt` } },
    );
    const stored = store.stored();
    expect(stored.every((input) => input.statusCode === 30000)).toBe(true);
    const sha256 = createHash("sha256").update(photoBytes).digest("hex");
    for (const id of ["image-file", "image-bytes", "image-url"]) {
      expect(stored.find((input) => input.id === id)?.sha256).toBe(sha256);
    }
    expect((await one(app, "text-file")).text).toBe(await readFile(note, "utf8"));
  });

  it("6. sends each video in a batch of its own", async () => {
    const inputs = ["a", "b", "c"].map((id) => ({ id, video: { path: clip } }));
    expect(await batchSizes(flow(fromIterable(inputs)).pipe(batch()))).toEqual([1, 1, 1]);
  });

  it("7. runs a custom function before the upload, which may change, drop and split inputs", async () => {
    const { store, app } = await openStore();
    const inputs = ["café", "drop me", "one|two"].map((text, n) => ({ id: `t${n}`, text }));
    const report = await flow(fromIterable(inputs))
      .pipe(
        transform((input) => {
          const text = input.text ?? "";
          if (text.startsWith("drop")) return null;
          if (!text.includes("|")) return { ...input, text: text.replace(/[^\x00-\x7F]/g, "") };
          return text.split("|").map((part, n) => ({ ...input, id: `${input.id}-${n}`, text: part }));
        }),
        batch(),
        upload(app),
      )
      .run();
    expect(report.counts).toEqual({ read: 3, ok: 2, failed: 0, skipped: 1, pending: 0 });
    expect(store.stored().map((input) => input.id)).toEqual(["t0", "t2-0", "t2-1"]);
    expect((await one(app, "t0")).text).toBe("caf");
  });

  it("8. accepts an image with its text as one input", async () => {
    const { app } = await openStore();
    await put(app, { id: "both", image: { path: photo }, text: "What is shown?" });
    const input = await one(app, "both");
    expect(input.text).toBe("What is shown?");
    expect(input.image).toBeDefined();
  });

  it("9–11. uploads metadata, concepts and a location", async () => {
    const { app } = await openStore();
    const report = await flow(fromIterable([{ id: "harbour", image: { path: photo } }]))
      .pipe(
        tagMetadata({ filename: "quay.jpg", split: "train", camera: { iso: 200 } }),
        addConcepts(["boat", { id: "car", value: 0 }]),
        setGeo({ longitude: 4.48, latitude: 51.92 }),
        batch(),
        upload(app),
      )
      .run();
    expect(report.counts.ok).toBe(1);
    const input = await one(app, "harbour");
    expect(input.metadata).toMatchObject({ filename: "quay.jpg", split: "train", camera: { iso: 200 } });
    expect(input.concepts).toMatchObject([
      { id: "boat", value: 1 },
      { id: "car", value: 0 },
    ]);
    expect(input.geo).toEqual({ longitude: 4.48, latitude: 51.92 });
  });
});

describe("annotations", () => {
  it("12–14. uploads boxes, polygons and concepts with their input", async () => {
    const { app } = await openStore();
    const report = await flow(fromIterable([{ id: "harbour", image: { path: photo } }]))
      .pipe(
        annotate(() => [
          boundingBox([0.1, 0.1, 0.8, 0.9], "boat"),
          polygon(
            [
              [0.2, 0.3],
              [0.6, 0.3],
              [0.6, 0.7],
            ],
            "pier",
          ),
          concept("calm"),
        ]),
        batch(),
        upload(app),
      )
      .run();
    expect(report.failures).toEqual([]);
    const { annotations } = await one(app, "harbour");
    expect(annotations).toHaveLength(3);
    expect(annotations).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ box: [0.1, 0.1, 0.8, 0.9], concepts: [{ id: "boat", name: "boat", value: 1 }] }),
        expect.objectContaining({ concepts: [{ id: "calm", name: "calm", value: 1 }] }),
      ]),
    );
    expect(annotations.find((annotation) => annotation.polygon)?.polygon).toEqual([
      [0.2, 0.3],
      [0.6, 0.3],
      [0.6, 0.7],
    ]);
  });

  it("15. deletes the annotations that a row names, or all annotations of an input", async () => {
    const { app } = await openStore();
    const annotations = [
      { id: "x", box: [0, 0, 0.5, 0.5] as [number, number, number, number], concepts: [{ id: "boat" }] },
      { id: "y", box: [0.5, 0.5, 1, 1] as [number, number, number, number], concepts: [{ id: "boat" }] },
    ];
    await put(app, { id: "a", image: { path: photo }, annotations }, { id: "b", text: "b", annotations: [] });
    await flow(fromIterable([{ id: "a", annotations: [{ id: "x" }] }]))
      .pipe(removeAnnotations(app))
      .run();
    expect((await one(app, "a")).annotations.map((annotation) => annotation.id)).toEqual(["y"]);
    await flow(listInputs(app, { ids: ["a", "b"] }))
      .pipe(batch(), removeAnnotations(app, { which: "all" }))
      .run();
    expect((await one(app, "a")).annotations).toEqual([]);
  });
});

describe("listing, downloading, deleting", () => {
  it("16. lists one page, or all inputs", async () => {
    const { app } = await openStore();
    await put(app, ...Array.from({ length: 30 }, (_, n) => ({ id: `t${n}`, text: `text ${n}` })));
    expect(await flow(listInputs(app)).toArray()).toHaveLength(30);
    expect(await flow(listInputs(app, { page: 2, perPage: 20 })).toArray()).toHaveLength(10);
    expect(await flow(listInputs(app, { kinds: ["image"] })).toArray()).toEqual([]);
  });

  it("17. downloads exactly the bytes that were uploaded", async () => {
    const { app } = await openStore();
    await put(app, { id: "a", image: { path: photo } }, { id: "b", video: { path: clip } }, { id: "c", text: "text" });
    const out = temporaryFolder();
    const report = await flow(listInputs(app)).pipe(download(out)).run();
    expect(report.counts.ok).toBe(3);
    expect(await readFile(join(out, "a.jpg"))).toEqual(photoBytes);
    expect(await readFile(join(out, "b.mp4"))).toEqual(await readFile(clip));
    expect(await readFile(join(out, "c.txt"), "utf8")).toBe("text");
    const again = await flow(listInputs(app)).pipe(download(out)).run();
    expect(again.counts).toMatchObject({ ok: 0, skipped: 3 });
  });

  it("18. deletes inputs by their ids", async () => {
    const { store, app } = await openStore();
    await put(app, ...["a", "b", "c"].map((id) => ({ id, text: id })));
    const report = await flow(listInputs(app, { ids: ["a", "b"] }))
      .pipe(batch(), remove(app))
      .run();
    expect(report.counts.ok).toBe(2);
    await expect.poll(() => store.stored().map((input) => input.id)).toEqual(["c"]);
  });
});

describe("patching", () => {
  const patched = (app: App, action: "merge" | "overwrite" | "remove", input: InputDraft) =>
    flow(fromIterable([input]))
      .pipe(batch(), patch(app, { action }))
      .run();

  it("19. merges, overwrites and removes metadata", async () => {
    const { app } = await openStore();
    await put(app, { id: "a", text: "a", metadata: { split: "train", camera: { iso: 200, lens: "a" } } });
    await patched(app, "merge", { id: "a", metadata: { split: "test", camera: { iso: 400 } } });
    expect((await one(app, "a")).metadata).toMatchObject({ split: "test", camera: { iso: 400, lens: "a" } });
    await patched(app, "remove", { id: "a", metadata: { camera: { lens: true } } });
    expect((await one(app, "a")).metadata).toMatchObject({ split: "test", camera: { iso: 400 } });
    await patched(app, "overwrite", { id: "a", metadata: { only: 1 } });
    expect((await one(app, "a")).metadata).toEqual({ only: 1 });
  });

  it("20–21. moves and removes boxes and polygons", async () => {
    const { app } = await openStore();
    const annotations: InputDraft["annotations"] = [
      { id: "demo", box: [0.1, 0.1, 0.8, 0.9], concepts: [{ id: "face" }] },
      {
        id: "poly",
        polygon: [
          [0, 0],
          [1, 0],
          [1, 1],
        ],
        concepts: [{ id: "pier" }],
      },
    ];
    await put(app, { id: "a", image: { path: photo }, annotations });
    const move = flow(listInputs(app, { annotations: true })).pipe(
      transform((input) => ({
        ...input,
        annotations: input.annotations.map((annotation) =>
          annotation.box
            ? { ...annotation, box: [0.35, 0.45, 0.6, 0.7] as [number, number, number, number] }
            : {
                ...annotation,
                polygon: [
                  [0.1, 0.1],
                  [0.9, 0.1],
                  [0.9, 0.9],
                ] as [number, number][],
              },
        ),
      })),
      batch(),
      patch(app),
    );
    expect((await move.run()).failures).toEqual([]);
    const after = await one(app, "a");
    expect(after.annotations.find((annotation) => annotation.id === "demo")?.box).toEqual([0.35, 0.45, 0.6, 0.7]);
    expect(after.annotations.find((annotation) => annotation.id === "poly")?.polygon?.[0]).toEqual([0.1, 0.1]);

    const gone = await flow(fromIterable([{ id: "a", annotations }]))
      .pipe(batch(), patch(app, { action: "remove", deleteIfEmpty: true }))
      .run();
    expect(gone.failures).toEqual([]);
    expect((await one(app, "a")).annotations).toEqual([]);
  });

  it("22. renames a concept in all inputs", async () => {
    const { app } = await openStore();
    await put(app, ...["a", "b"].map((id) => ({ id, text: id, concepts: [{ id: "id-face", name: "face" }] })));
    await flow(fromIterable([{ concepts: [{ id: "id-face", name: "portrait" }] }]))
      .pipe(patchConcepts(app))
      .run();
    for (const id of ["a", "b"]) expect((await one(app, id)).concepts[0]?.name).toBe("portrait");
  });

  it("23. merges lists of objects with ids item by item", async () => {
    const { app } = await openStore();
    await put(app, {
      id: "a",
      text: "a",
      metadata: {
        crew: [
          { id: "1", age: 30 },
          { id: "2", age: 41 },
        ],
      },
    });
    await patched(app, "merge", { id: "a", metadata: { crew: [{ id: "2", age: 42 }, { id: "3" }] } });
    expect((await one(app, "a")).metadata.crew).toEqual([{ id: "1", age: 30 }, { id: "2", age: 42 }, { id: "3" }]);
  });
});

describe("sources and sinks together", () => {
  it("uploads all rows of a CSV", async () => {
    const { app } = await openStore();
    const report = await flow(csv(join(data, "reviews.csv")))
      .pipe(batch(), upload(app))
      .run();
    expect(report.failures).toEqual([]);
    const listed = await flow(listInputs(app)).toArray();
    expect(listed).toHaveLength(report.counts.ok);
  });

  it("writes inputs to JSON Lines and reads them again", async () => {
    const path = join(temporaryFolder(), "inputs.jsonl");
    const written = await flow(folder(data)).pipe(writeJsonl(path)).run();
    const first = await flow(folder(data)).toArray();
    const again = await flow(jsonl(path)).toArray();
    expect(written.counts.ok).toBe(first.length);
    expect(again).toEqual(first);
  });

  it("fetches URLs and sends their bytes", async () => {
    const { store, app } = await openStore();
    const base = await fileServer();
    const report = await flow(urls([`${base}/a.jpg`], { fetch: true, allowPrivate: true }))
      .pipe(batch(), upload(app))
      .run();
    expect(report.counts.ok).toBe(1);
    expect(store.stored()[0]?.sha256).toBe(createHash("sha256").update(photoBytes).digest("hex"));
  });

  it("uploads the same folder twice without duplicates, and reports skipped, refused and replaced inputs", async () => {
    const { store, app } = await openStore();
    const path = temporaryFolder();
    await copyFile(photo, join(path, "photo.jpg"));
    await writeFile(join(path, "note.txt"), "note");
    const run = () => flow(folder(path)).pipe(batch(), upload(app)).run();
    expect((await run()).counts).toMatchObject({ ok: 2, skipped: 0 });
    const second = await run();
    expect(second.counts).toMatchObject({ ok: 0, skipped: 2 });
    expect(second.skipped).toMatchObject([{ reason: "already exists", count: 2 }]);
    await writeFile(join(path, "photo.jpg"), await sharp(photoBytes).rotate(90).jpeg().toBuffer());
    const third = await run();
    expect(third.failures).toMatchObject([{ code: "ERR_ID_TAKEN" }]);
    expect(store.stored()).toHaveLength(2);
    const replaced = await flow(folder(path))
      .pipe(batch(), upload(app, { conflict: "replace" }))
      .run();
    expect(replaced.counts).toMatchObject({ ok: 2, skipped: 0 });
    const suffixed = await flow(fromIterable([{ id: "x", text: "one" }]))
      .pipe(upload(app))
      .run();
    expect(suffixed.counts.ok).toBe(1);
    const other = await flow(fromIterable([{ id: "x", text: "two", annotations: [{ concepts: [{ id: "c" }] }] }]))
      .pipe(upload(app, { conflict: "suffix" }))
      .run();
    expect(other.notes).toEqual({ "stored under another id": 1 });
    expect((await one(app, "x-1")).text).toBe("two");
    expect((await one(app, "x-1")).annotations).toHaveLength(1);
  });

  it("removes only inputs for which the predicate returns true", async () => {
    const { app } = await openStore();
    await put(app, { id: "a", text: "a", metadata: { split: "test" } }, { id: "b", text: "b" });
    const report = await flow(listInputs(app))
      .pipe(
        filterInputs((input) => input.metadata.split === "test"),
        batch(),
        remove(app),
      )
      .run();
    expect(report.counts).toMatchObject({ ok: 1, skipped: 1 });
  });
});
