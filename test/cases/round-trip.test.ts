/** Round trip: a download is uploaded into another app with all its fields. */

import { appendFileSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  type App,
  batch,
  connect,
  download,
  flow,
  folder,
  fromIterable,
  type InputDraft,
  jsonl,
  listInputs,
  upload,
} from "../../src/index.js";
import { exampleBytes, tempFolder } from "../helpers/files.js";
import { openStore, temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

const photo = new Uint8Array(exampleBytes("harbour/quay.jpg"));
const web = await startWeb({
  "/far.jpg": (response) => response.writeHead(200, { "content-type": "image/jpeg" }).end(photo),
  "/far.txt": (response) => response.writeHead(200, { "content-type": "text/plain" }).end("a text from afar, é"),
});

const drafts: InputDraft[] = [
  {
    id: "photo",
    image: { bytes: photo },
    concepts: [{ id: "cat", name: "A cat", value: 0 }, "dog"],
    metadata: { nested: { list: [1, 2.5, null, "ü", { deep: true }] }, empty: {}, large: 1e300 },
    geo: { longitude: 4.4777, latitude: -51.9244 },
    annotations: [
      { id: "box", box: [0.1, 0.2, 0.5, 0.6], concepts: [{ id: "cat", name: "A cat" }], info: { by: "me" } },
      {
        id: "outline",
        polygon: [
          [0.1, 0.1],
          [0.5, 0.1],
          [0.3, 0.7],
        ],
        concepts: [],
      },
      { id: "whole", concepts: [{ id: "indoors", value: 0 }] },
    ],
    datasets: ["train", "best"],
  },
  { id: "question", image: { bytes: photo }, text: "What is\r\nshown? ", datasets: ["train"] },
  { id: "note", text: "\u{1F600} calm sea\n", concepts: ["calm"] },
  { id: "Note", text: "another one" },
  { id: "far-photo", image: { url: `${web.origin}/far.jpg` } },
  { id: "far-text", textUrl: `${web.origin}/far.txt` },
];

async function copyInto(app: App, manifest: string) {
  const other = await connect({ baseUrl: app.baseUrl, pat: "any", appId: "copy" });
  const report = await flow(jsonl(manifest)).pipe(batch(), upload(other)).run();
  return { other, report };
}

/** The lines of a manifest without the server's times and without the origin of the content, since a copy comes from bytes. */
function recordsIn(out: string): object[] {
  const lines = readFileSync(join(out, "manifest.jsonl"), "utf8").trimEnd().split("\n");
  return lines
    .map((line) => {
      const { createdAt: _, modifiedAt: __, url: ___, ...record } = JSON.parse(line) as Record<string, unknown>;
      return record;
    })
    .sort((one, two) => (String(one.id) < String(two.id) ? -1 : 1));
}

it("upload, download, upload into another app and download give equal manifests", async () => {
  const { app } = await openStore();
  const [first, second] = [temporaryFolder(), temporaryFolder()];
  const made = await flow([
    fromIterable(drafts),
    folder(join(import.meta.dirname, "../../examples/data"), { kinds: ["image", "video", "audio", "text"] }),
  ])
    .pipe(batch(), upload(app))
    .run();
  expect(made.counts).toMatchObject({ failed: 0, skipped: 0 });
  await flow(listInputs(app)).pipe(download(first)).run();
  const { other, report } = await copyInto(app, join(first, "manifest.jsonl"));
  expect(report.counts).toMatchObject({ ok: made.counts.ok, failed: 0, skipped: 0 });
  const all = flow(listInputs(other)).pipe(download(second));
  await all.run();
  expect((await all.plan()).counts).toMatchObject({ ok: 0, skipped: made.counts.ok });
  expect(recordsIn(second)).toEqual(recordsIn(first));
  expect(recordsIn(first)).toHaveLength(made.counts.ok);
  const photoLine = recordsIn(first).find((line) => (line as { id: string }).id === "photo");
  const { image: _, ...expected } = drafts[0] as InputDraft;
  expect(photoLine).toMatchObject({
    ...expected,
    kind: "image",
    path: "photo.jpg",
    sizeBytes: photo.length,
    concepts: [
      { id: "cat", name: "A cat", value: 0 },
      { id: "dog", name: "dog", value: 1 },
    ],
    annotations: [
      { id: "box", concepts: [{ id: "cat", name: "A cat", value: 1 }] },
      {
        id: "outline",
        polygon: [
          [0.1, 0.1],
          [0.5, 0.1],
          [0.3, 0.7],
        ],
      },
      { id: "whole" },
    ],
    datasets: ["train", "best"],
    status: { code: 30000 },
  });
  await other.close();
});

it("every line begins with the version, and names the origin of its content without secrets", async () => {
  const { app } = await openStore();
  const out = temporaryFolder();
  const url = `${web.origin}/far.jpg?X-Amz-Credential=me&X-Amz-Signature=secret`;
  await flow(
    fromIterable([
      { id: "a", image: { url } },
      { id: "b", image: { bytes: photo } },
    ]),
  )
    .pipe(batch(), upload(app))
    .run();
  await flow(listInputs(app)).pipe(download(out)).run();
  const text = readFileSync(join(out, "manifest.jsonl"), "utf8");
  for (const line of text.trimEnd().split("\n")) expect(line).toMatch(/^\{"manifest":1,"id":"/);
  expect(text).toContain(`"url":"${web.origin}/far.jpg"`);
  expect(text).not.toContain("secret");
  expect(text.match(/"url"/g)).toHaveLength(1); // the address at the app itself is not an origin
});

it("download lists no annotations and datasets with wholeRecords: false", async () => {
  const { app } = await openStore();
  const out = temporaryFolder();
  await flow(fromIterable(drafts.slice(0, 1)))
    .pipe(batch(), upload(app))
    .run();
  await flow(listInputs(app))
    .pipe(download(out, { wholeRecords: false }))
    .run();
  expect(recordsIn(out)).toMatchObject([{ id: "photo", annotations: [], datasets: [] }]);
  // The next run writes whole records again, and fetches no file for that.
  expect((await flow(listInputs(app)).pipe(download(out)).run()).counts.ok).toBe(1);
  expect(recordsIn(out)[1]).toMatchObject({ id: "photo", datasets: ["train", "best"] });
});

describe("a manifest", () => {
  const temp = tempFolder();
  let source: string;
  beforeAll(async () => {
    source = join(temp, "source");
    await flow(
      fromIterable([
        { id: "a", image: { bytes: photo } },
        { id: "b", text: "calm sea" },
      ]),
    )
      .pipe(download(source))
      .run();
  });
  const copy = () => {
    const out = join(temporaryFolder(), "out");
    mkdirSync(out);
    for (const name of ["manifest.jsonl", "a.jpg", "b.txt"])
      writeFileSync(join(out, name), readFileSync(join(source, name)));
    return out;
  };
  const read = async (out: string) => {
    const report = await flow(jsonl(join(out, "manifest.jsonl"))).run();
    return { ...report.counts, codes: report.failures.map(({ code, reason }) => `${code}: ${reason}`) };
  };

  it("is read from any place to which its folder was moved", async () => {
    expect(await read(copy())).toMatchObject({ ok: 2, failed: 0 });
  });

  it.each<[string, (out: string) => void, RegExp]>([
    [
      "has grown",
      (out) => appendFileSync(join(out, "b.txt"), "!"),
      /^ERR_FILE_CHANGED: .*b\.txt has changed.*9 bytes instead of 8/,
    ],
    [
      "has other bytes",
      (out) => writeFileSync(join(out, "b.txt"), "calm tea"),
      /^ERR_FILE_CHANGED: .*the same size and another SHA-256/,
    ],
    ["is gone", (out) => rmSync(join(out, "b.txt")), /^ERR_FILE_UNREADABLE: .*b\.txt cannot be read/],
    [
      "is a link",
      (out) => {
        renameSync(join(out, "b.txt"), join(out, "../b.txt"));
        symlinkSync("../b.txt", join(out, "b.txt"));
      },
      /^ERR_MANIFEST_PATH: .*"b\.txt"/,
    ],
    [
      "is a folder",
      (out) => {
        rmSync(join(out, "b.txt"));
        mkdirSync(join(out, "b.txt"));
      },
      /^ERR_MANIFEST_PATH/,
    ],
  ])("fails the input whose file %s, and the run continues", async (_, change, text) => {
    const out = copy();
    change(out);
    const { ok, failed, codes } = await read(out);
    expect({ ok, failed }).toEqual({ ok: 1, failed: 1 });
    expect(codes[0]).toMatch(text);
  });

  const line = { manifest: 1, id: "x", kind: "text", path: "b.txt", sizeBytes: 8, sha256: "" };
  it.each<[string, object, RegExp]>([
    ["a way up", { ...line, path: "../b.txt" }, /^ERR_MANIFEST_PATH: .*"\.\.\/b\.txt"/],
    ["an absolute path", { ...line, path: "/etc/hostname" }, /^ERR_MANIFEST_PATH/],
    ["the folder", { ...line, path: "." }, /^ERR_MANIFEST_PATH/],
    ["a NUL", { ...line, path: "b\0.txt" }, /^ERR_MANIFEST_PATH/],
    ["a path through a link", { ...line, path: "away/b.txt" }, /^ERR_MANIFEST_PATH/],
    ["no path", { ...line, path: undefined }, /^ERR_INPUT_SHAPE: .*path, sizeBytes and sha256/],
    ["a text without a path", { ...line, sha256: "0", text: 5 }, /^ERR_(FILE_CHANGED|INPUT_SHAPE)/],
    ["another kind", { ...line, kind: "mesh" }, /^ERR_INPUT_SHAPE: kind: .*"mesh"/],
    ["another version", { ...line, manifest: 2 }, /^ERR_INPUT_SHAPE: .*version 2.*reads version 1/],
    ["no version", { ...line, manifest: undefined }, /^ERR_INPUT_SHAPE: .*no version/],
  ])("fails the input whose line has %s", async (_, one, text) => {
    const out = copy();
    symlinkSync("..", join(out, "away"));
    writeFileSync(join(out, "../b.txt"), "calm sea");
    appendFileSync(join(out, "manifest.jsonl"), `${JSON.stringify(one)}\n`);
    const { ok, failed, codes } = await read(out);
    expect({ ok, failed }).toEqual({ ok: 2, failed: 1 });
    expect(codes[0]).toMatch(text);
  });

  it("fails the input whose line has a field of a newer version, and names the field", async () => {
    const out = copy();
    const [first = ""] = readFileSync(join(out, "manifest.jsonl"), "utf8").split("\n");
    writeFileSync(join(out, "manifest.jsonl"), `${first.replace('"concepts"', '"mesh":{},"concepts"')}\n`);
    const { failed, codes } = await read(out);
    expect(failed).toBe(1);
    expect(codes[0]).toMatch(/^ERR_INPUT_SHAPE: .*"mesh"/);
  });
});
