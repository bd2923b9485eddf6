/** The sink `compare`: which inputs of an app are the same, and what differs. */

import { describe, expect, it } from "vitest";
import {
  type App,
  compare,
  connect,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  patch,
  upload,
} from "../../src/index.js";
import { richInputs } from "../helpers/rich-inputs.js";
import { smallContent } from "../helpers/small-contents.js";
import { openStore } from "../helpers/store.js";

const photo: InputDraft = {
  id: "photo",
  image: { bytes: smallContent("image", 1) },
  text: "What is shown?",
  concepts: [{ id: "cat", name: "A cat", value: 0.5 }],
  metadata: { n: 1, nested: { list: [1, 2] } },
  geo: { longitude: 4.4777, latitude: -51.9244 },
  annotations: [{ id: "box", box: [0.1, 0.2, 0.3, 0.4], concepts: [{ id: "cat" }], info: { by: "me" } }],
  datasets: ["train"],
};

async function holding(...drafts: InputDraft[]): Promise<App> {
  const { app } = await openStore();
  if (drafts.length > 0) await flow(fromIterable(drafts)).pipe(upload(app)).run();
  return app;
}

/** Returns what the comparison of one draft with the stored one says. */
async function differenceOf(stored: InputDraft, draft: InputDraft): Promise<string | undefined> {
  const report = await flow(fromIterable([draft]))
    .pipe(compare(await holding(stored)))
    .run();
  expect(report.counts.read).toBe(1);
  const [failure] = report.failures;
  expect(report.counts.ok).toBe(failure ? 0 : 1);
  return failure && `${failure.code}: ${failure.reason}`;
}

describe("compare", () => {
  it("passes inputs that are the same, and fails those that are absent", async () => {
    const app = await holding(...richInputs(12));
    const to = await holding(...richInputs(10));
    const report = await flow(listInputs(app)).pipe(compare(to)).run();
    expect(report.counts).toMatchObject({ read: 12, ok: 10, failed: 2 });
    expect(report.failures.map(({ code, id }) => `${code} ${id}`).sort()).toEqual(["ERR_ABSENT r10", "ERR_ABSENT r11"]);
    expect(report.failures[0]?.reason).toMatch(/^me\/main at http.* has no input with the id "r1[01]"$/);
    expect(
      (
        await flow(listInputs(to))
          .pipe(compare(app, { download: true }))
          .run()
      ).counts,
    ).toMatchObject({ ok: 10, failed: 0 });
    const names = compare(app, { contents: false, records: false });
    expect(
      (
        await flow(fromIterable([{ id: "r1", text: "another" }]))
          .pipe(names)
          .run()
      ).counts.ok,
    ).toBe(1);
  });

  const [box] = photo.annotations as NonNullable<InputDraft["annotations"]>;
  it.each<[string, Partial<InputDraft>, RegExp | undefined]>([
    ["nothing", {}, undefined],
    ["digits beyond 32 bits", { concepts: [{ id: "cat", name: "A cat", value: 0.5000000001 }] }, undefined],
    [
      "the bytes",
      { image: { bytes: smallContent("image", 2) } },
      /^ERR_DIFFERENT: its image has the SHA-256 [0-9a-f]{64}, not [0-9a-f]{64}$/,
    ],
    ["the text", { text: "What is shown" }, /^ERR_DIFFERENT: its text has the SHA-256/],
    ["a missing text", { text: undefined }, /^ERR_DIFFERENT: its text is only in the app$/],
    [
      "the kind",
      { image: undefined, text: undefined, audio: { bytes: smallContent("audio", 1) } },
      /its audio is missing in the app; its image is only in the app/,
    ],
    ["a concept", { concepts: [] }, /the concept "cat" still exists/],
    ["a value", { concepts: [{ id: "cat", name: "A cat", value: 0 }] }, /the concept "cat" is 0\.5, not 0/],
    [
      "a name",
      { concepts: [{ id: "cat", name: "A dog", value: 0.5 }] },
      /the concept "cat" is called "A cat" in the app, not "A dog"/,
    ],
    ["metadata", { metadata: { n: 1, nested: { list: [1, 3] } } }, /metadata\.nested\.list is \[1,2\], not \[1,3\]/],
    ["the location", { geo: undefined }, /the location still exists/],
    ["a shape", { annotations: [{ ...box, box: [0.1, 0.2, 0.3, 0.5] }] }, /the annotation "box" differs$/],
    [
      "a mask",
      {
        annotations: [
          { id: "box", data: { regions: [{ region_info: { mask: { image: { base64: "AAAA" } } } }] } as never },
        ],
      },
      /the annotation "box" differs/,
    ],
    [
      "free data",
      { annotations: [{ ...box, info: { by: "you" } }] },
      /the annotation "box" differs: its info is \{"by":"me"\}/,
    ],
    [
      "a review state",
      { annotations: [{ ...box, statusCode: 24157 }] },
      /the annotation "box" differs: its status is the default, not 24157/,
    ],
    [
      "a missing annotation",
      { annotations: [box as never, { id: "more", concepts: [] }] },
      /the annotation "more" is missing/,
    ],
    ["a further annotation", { annotations: [] }, /the annotation "box" is only in the app/],
    ["a dataset", { datasets: ["train", "best"] }, /it is not in the dataset "best"/],
    ["fewer datasets", { datasets: [] }, undefined],
  ])("finds %s", async (_, change, expected) => {
    const found = await differenceOf(photo, { ...photo, ...change });
    if (expected) expect(found).toMatch(expected);
    else expect(found).toBeUndefined();
  });

  it("reads every byte with download, in place of the SHA-256 that the server names", async () => {
    const { app, store } = await openStore();
    await flow(fromIterable([photo]))
      .pipe(upload(app))
      .run();
    const other = await connect({ baseUrl: store.url, pat: "any", appId: "other" });
    await flow(fromIterable([photo]))
      .pipe(upload(other))
      .run();
    const bytesOf = async (download: boolean) => {
      store.faults.clear();
      const before = store.faults.happened;
      store.faults.add({ path: "/media/", fault: { type: "slow", ms: 1 } });
      const report = await flow(listInputs(app)).pipe(compare(other, { download })).run();
      expect(report.counts.ok).toBe(1);
      return store.faults.happened - before;
    };
    expect([await bytesOf(false), await bytesOf(true)]).toEqual([2, 2]);
    await other.close();
  });

  it("changes nothing, and says for which input a content cannot be read", async () => {
    const { app, store } = await openStore();
    await flow(fromIterable([photo, { id: "note", text: "calm" }]))
      .pipe(upload(app))
      .run();
    store.faults.add({ path: "/media/", fault: { type: "status", http: 404, code: 11101 } });
    const to = await holding(photo, { id: "note", text: "calm" });
    const report = await flow(listInputs(app)).pipe(compare(to)).run();
    expect(report.failures).toMatchObject([{ id: "photo", code: "ERR_HTTP_404" }]);
    expect(report.failures[0]?.reason).toMatch(/^its content cannot be compared: .* answered HTTP 404$/);
    store.faults.clear();
    expect((await flow(listInputs(app)).pipe(compare(to)).run()).counts).toMatchObject({ ok: 2, failed: 0 });
    await flow(fromIterable([{ id: "note", metadata: { late: true } }]))
      .pipe(patch(to))
      .run();
    expect((await flow(listInputs(app)).pipe(compare(to)).run()).failures).toMatchObject([
      { id: "note", reason: "metadata.late is true, not missing" },
    ]);
  });
});
