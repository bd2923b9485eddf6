/** WebDataset shards: what a sample becomes, how shards are named, and what fails. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { pack } from "tar-stream";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import { expandBraces } from "../../src/formats/webdataset/shards.js";
import {
  batch,
  flow,
  type Input,
  listInputs,
  transform,
  upload,
  type WebDatasetOptions,
  webDataset,
} from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes } from "../helpers/files.js";
import { openS3, s3Keys } from "../helpers/s3-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const photo = exampleBytes("harbour/quay.jpg");
const other = exampleBytes("harbour/lighthouse.jpg");
const sound = exampleBytes("media/foghorn.wav");
type Files = Record<string, string | Uint8Array>;

async function tarOf(files: Files): Promise<Buffer> {
  const tar = pack();
  for (const [name, bytes] of Object.entries(files)) tar.entry({ name }, Buffer.from(bytes as string));
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function shard(files: Files, name = "data-000.tar", folder = temporaryFolder()): Promise<string> {
  const path = join(folder, name);
  const bytes = await tarOf(files);
  writeFileSync(path, name.endsWith("gz") ? gzipSync(bytes) : bytes);
  return path;
}

async function read(shards: string | string[], options?: WebDatasetOptions) {
  const inputs: Input[] = [];
  const collect = transform((input) => {
    inputs.push(input);
    return input;
  });
  const report = await flow(webDataset(shards, options)).pipe(collect).run();
  return { inputs, report, failures: report.failures.map(({ code, reason }) => `${code} ${reason}`) };
}

const two = {
  "a/001.jpg": photo,
  "a/001.txt": "a quay",
  "a/001.json": '{"source":"web","rank":1}',
  "a/001.cls": "1\n",
  "002.jpg": other,
};

testSource("webDataset", async () => {
  const path = await shard({ ...two, "003.txt": "calm" });
  return { source: webDataset(path), ids: (await read(path)).inputs.map(({ id }) => id) };
});

describe("webDataset", () => {
  it.each(["data-000.tar", "data-000.tar.gz"])("makes one input of the files that share a key (%s)", async (name) => {
    const { inputs, report } = await read(await shard(two, name), { classes: ["boat", "quay"], datasets: ["d"] });
    expect(inputs).toMatchObject([
      {
        text: "a quay",
        metadata: { filename: "001.jpg", source: "web", rank: 1 },
        concepts: [{ id: "quay" }],
        datasets: ["d"],
      },
      { metadata: { filename: "002.jpg" }, concepts: [] },
    ]);
    expect(await readContent((inputs[0] as Input).image as never)).toEqual(photo);
    expect(await readContent((inputs[1] as Input).image as never)).toEqual(other);
    expect(report.counts).toMatchObject({ ok: 2, read: 2 });
  });

  it("puts a caption into the metadata of a sound, and reads a text alone", async () => {
    const { inputs } = await read(await shard({ "1.wav": sound, "1.txt": "chime", "2.txt": "calm", "2.cls": "sea" }));
    expect(inputs).toMatchObject([{ metadata: { caption: "chime" } }, { text: "calm", concepts: [{ id: "sea" }] }]);
    expect(inputs[0]?.text).toBeUndefined();
  });

  it("names in notes what has no place in an input", async () => {
    const files = {
      "1.jpg": photo,
      "1.seg.png": "x",
      "1.npy": "x",
      "1.txt": "",
      "2.mask.jpg": other,
      "2.wav": sound,
      "2.json": '{"caption":"a"}',
      "2.txt": "b",
    };
    const { inputs, report } = await read(await shard(files));
    expect(inputs).toMatchObject([{ image: { width: 640 } }, { audio: {}, metadata: { caption: "a" } }]);
    expect(Object.keys(report.notes).sort()).toEqual([
      "webDataset: .mask.jpg has no place in an input",
      "webDataset: .npy has no place in an input",
      "webDataset: .seg.png has no place in an input",
      "webDataset: a caption is empty",
      "webDataset: the caption differs from that of .json, which counts",
    ]);
  });

  it("fails a sample alone, by its name", async () => {
    const files = {
      "1.cls": "3",
      "1.npy": "x",
      "2.txt": "ok",
      "3.jpg": photo,
      "3.json": '{"a":NaN}',
      "4.jpg": photo,
      "4.cls": "7",
      "5.jpg": "no image",
      "6.jpg": photo,
      "6.json": "[1]",
      "7.jpg": photo,
      "7.json": '{"n":12345678901234567891}',
      README: "x",
      "._x.jpg": "x",
    };
    const { failures, report } = await read(await shard(files), { classes: ["a"] });
    expect(failures).toEqual([
      "ERR_SAMPLE_EMPTY the sample 1 has no image, video, audio or text, only .cls, .npy",
      expect.stringMatching(/^ERR_SAMPLE_MEMBER 3.json: Unexpected token/),
      "ERR_SAMPLE_MEMBER 4.cls has the class 7, and the option classes has 1 names, from 0 on",
      expect.stringMatching(/^ERR_KIND_UNKNOWN 5.jpg/),
      "ERR_SAMPLE_MEMBER 6.json is JSON, but not an object, so it cannot be metadata",
      expect.stringMatching(/^ERR_SAMPLE_MEMBER 7.json: n: the number 12345678901234567891 would become/),
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 6, skipped: 2 });
  });

  it("expands braces and wildcards, and gives the same ids in a bucket", async () => {
    const folder = join(temporaryFolder(), "shards");
    mkdirSync(folder);
    for (const n of ["08", "09", "10"]) await shard({ [`${n}.txt`]: `text ${n}` }, `d-${n}.tar`, folder);
    const local = await read(join(folder, "d-{08..10}.tar"));
    expect(local.inputs.map(({ text }) => text)).toEqual(["text 08", "text 09", "text 10"]);
    expect((await read(join(folder, "*.tar"))).inputs.map(({ id }) => id)).toEqual(local.inputs.map(({ id }) => id));
    const objects = Object.fromEntries(
      ["08", "09", "10"].map((n) => [`b/x/shards/d-${n}.tar`, readFileSync(join(folder, `d-${n}.tar`))]),
    );
    const server = await openS3({ ...objects, "b/x/other.tar": "x" });
    const s3 = { endpoint: server.url, credentials: s3Keys };
    for (const name of ["s3://b/x/shards/d-{08..10}.tar", "s3://b/x/shards/d-*.tar"]) {
      expect((await read(name, { s3 })).inputs.map(({ id }) => id)).toEqual(local.inputs.map(({ id }) => id));
    }
    expect(expandBraces("{a,b}-{2..0}")).toEqual(["a-2", "a-1", "a-0", "b-2", "b-1", "b-0"]);
    expect(() => webDataset("{0..99999999}.tar")).toThrow(/more than 1000000 shards/);
  });

  it("reads the other shards if one is missing or damaged, and ends the run if none can be read", async () => {
    const folder = temporaryFolder();
    await shard({ "1.txt": "one" }, "0.tar", folder);
    writeFileSync(join(folder, "1.tar"), (await tarOf({ "2.txt": "two", "3.txt": "three" })).subarray(0, 1100));
    const { failures, inputs } = await read(join(folder, "{0..2}.tar"));
    expect(inputs.map(({ text }) => text)).toContain("one");
    expect(failures).toEqual([
      expect.stringMatching(/^ERR_ARCHIVE_DAMAGED/),
      expect.stringMatching(/^ERR_ARCHIVE_UNREADABLE/),
    ]);
    await expect(read(join(folder, "none.tar"))).rejects.toMatchObject({ code: "ERR_ARCHIVE_UNREADABLE" });
    await expect(read(join(folder, "none-*.tar"))).rejects.toMatchObject({ code: "ERR_SHARDS_NONE" });
  });

  it("is uploaded once with a journal", async () => {
    const { app } = await openStore();
    const path = await shard(two);
    const journal = join(temporaryFolder(), "journal");
    const run = () => flow(webDataset(path)).pipe(batch(), upload(app)).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 2 });
    expect((await run()).counts).toMatchObject({ ok: 0, skipped: 2 });
    const stored = await flow(listInputs(app)).toArray();
    expect(stored.map(({ text }) => text).sort()).toEqual(["a quay", undefined]);
  });
});
