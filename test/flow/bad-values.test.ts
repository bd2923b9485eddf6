/** Bad data from a source or a transform: each bad input gets its own line in the report, and all others are uploaded. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  batch,
  csv,
  flow,
  fromIterable,
  type Input,
  type InputDraft,
  listInputs,
  patch,
  remove,
  transform,
  upload,
} from "../../src/index.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const photo = join(import.meta.dirname, "../../examples/data/harbour/quay.jpg");
const text = "calm sea";

describe("bad data from a source", () => {
  const bad: [string, unknown, string, RegExp][] = [
    ["a place that is no number", { text, geo: { longitude: Number.NaN, latitude: 1 } }, "ERR_INPUT_SHAPE", /geo.*NaN/],
    ["a place beyond the pole", { text, geo: { longitude: 1, latitude: 100 } }, "ERR_INPUT_SHAPE", /<=90, got 100/],
    ["metadata that is not an object", { text, metadata: "split=test" }, "ERR_INPUT_SHAPE", /metadata/],
    ["metadata that JSON cannot say", { text, metadata: { at: new Date(0) } }, "ERR_INPUT_SHAPE", /metadata\.at.*Date/],
    ["a box beyond the image", { text, annotations: [{ box: [0, 0, 2, 1] }] }, "ERR_INPUT_SHAPE", /<=1, got 2/],
    ["a box turned round", { text, annotations: [{ box: [0.9, 0, 0.1, 1] }] }, "ERR_BOX", /\[0\.9, 0, 0\.1, 1\].*xMin/],
    ["an empty text", { text: "" }, "ERR_TEXT_EMPTY", /empty/],
    ["no content", { concepts: ["a"] }, "ERR_INPUT_EMPTY", /no image, video, audio or text/],
    ["an empty id", { id: "", text }, "ERR_ID_EMPTY", /id is empty/],
    ["an id of 60 characters", { id: "x".repeat(60), text }, "ERR_ID_TOO_LONG", /x{60}.*60 characters.*48/],
    ["a slash in the id", { id: "a/b", text }, "ERR_ID_CHARACTERS", /"a\/b"/],
    ["a field that is not known", { txt: text }, "ERR_INPUT_SHAPE", /"txt"/],
    ["a file that is not there", { image: { path: "/none.jpg" } }, "ERR_FILE_UNREADABLE", /\/none\.jpg/],
    ["a folder as file", { image: { path: import.meta.dirname } }, "ERR_NOT_A_FILE", /flow is not a regular file/],
    ["no bytes", { image: { bytes: new Uint8Array() } }, "ERR_FILE_EMPTY", /no bytes/],
    ["an image sent as video", { video: { path: photo } }, "ERR_KIND_MISMATCH", /video.*image\/jpeg/],
    ["a URL that is none", { image: { url: "photo.jpg" } }, "30106", /photo\.jpg/],
    ["null", null, "ERR_INPUT_SHAPE", /null/],
    ["a string", "calm sea", "ERR_INPUT_SHAPE", /plain object.*got "calm sea"/],
  ];

  it("fails entry by entry, with the name of the field", async () => {
    const { store, app } = await openStore();
    const entries = [...bad.map(([, entry]) => entry), { id: "good", text }] as InputDraft[];
    const report = await flow(fromIterable(entries)).pipe(batch(), upload(app)).run();
    const byOrigin = new Map(report.failures.map((failure) => [failure.origin, failure]));
    for (const [index, [what, , code, reason]] of bad.entries()) {
      const failure = byOrigin.get(`values:${index + 1}`);
      expect(failure, what).toMatchObject({ code, reason: expect.stringMatching(reason) as string });
    }
    expect(report.counts).toEqual({ read: bad.length + 1, ok: 1, failed: bad.length, skipped: 0, pending: 0 });
    expect(report.exitCode).toBe(1);
    expect(store.stored().map((input) => input.id)).toEqual(["good"]);
  });
});

describe("bad data from a transform", () => {
  const bad: [string, Partial<Input>, string, RegExp][] = [
    ["place", { geo: { longitude: Number.NaN, latitude: 1 } }, "ERR_TRANSFORM_RESULT", /geo\.longitude.*NaN/],
    ["box", { annotations: [{ box: [0, 0, Number.NaN, 1], concepts: [] }] }, "ERR_TRANSFORM_RESULT", /box\.2.*NaN/],
    [
      "corner",
      {
        annotations: [
          {
            polygon: [
              [0, 0],
              [1, 0],
              [1, 7],
            ],
            concepts: [],
          },
        ],
      },
      "ERR_TRANSFORM_RESULT",
      /polygon\.2\.1: .*got 7/,
    ],
    ["metadata", { metadata: { big: 10n as unknown as number } }, "ERR_TRANSFORM_RESULT", /metadata\.big: .*got 10n/],
    ["text", { text: "" }, "ERR_TEXT_EMPTY", /empty/],
  ];

  it("is never uploaded as another value", async () => {
    const { store, app } = await openStore();
    const changes = new Map(bad.map(([id, change]) => [id, change]));
    const report = await flow(fromIterable([...changes.keys(), "good"].map((id) => ({ id, text }))))
      .pipe(
        transform((input) => ({ ...input, ...changes.get(input.id) })),
        batch(),
        upload(app),
      )
      .run();
    for (const [id, , code, reason] of bad) {
      const failure = report.failures.find((entry) => entry.id === id);
      expect(failure).toMatchObject({ code, reason: expect.stringMatching(reason) as string });
    }
    expect(store.stored().map((input) => input.id)).toEqual(["good"]);
  });
});

describe("inputs without content", () => {
  it("are accepted for patches and removals, in batches", async () => {
    const { store, app } = await openStore();
    await flow(fromIterable(["a", "b", "c"].map((id) => ({ id, text }))))
      .pipe(batch(), upload(app))
      .run();
    const path = join(temporaryFolder(), "corrections.csv");
    await writeFile(path, 'inputid,metadata\na,"{""split"":""test""}"\nnobody,"{""split"":""test""}"\n');
    const patched = await flow(csv(path)).pipe(batch(), patch(app)).run();
    expect(patched.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(patched.failures).toMatchObject([{ id: "nobody", code: "30102", stage: "patch" }]);
    const [changed] = await flow(listInputs(app, { ids: ["a"] })).toArray();
    expect(changed).toMatchObject({ text, metadata: { split: "test" } });

    const removed = await flow(fromIterable([{ id: "a" }, { id: "b" }]))
      .pipe(batch(), remove(app))
      .run();
    expect(removed.counts.ok).toBe(2);
    await expect.poll(() => store.stored().map((input) => input.id)).toEqual(["c"]);
  });
});
