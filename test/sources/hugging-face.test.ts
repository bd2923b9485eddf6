/** Datasets of the Hugging Face hub, on a server with its addresses and answers. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import { hubOpener } from "../../src/formats/hugging-face/opener.js";
import { flow, type HuggingFaceOptions, huggingFace, type Input, parquet, upload } from "../../src/index.js";
import { testOpener, testSource } from "../../src/testing/index.js";
import { commitOf, type HubServer, hubToken, openHub } from "../helpers/hub-server.js";
import { serve } from "../helpers/range-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const cases = join(import.meta.dirname, "../cases/files/parquet");
const table = readFileSync(join(cases, "hugging-face.parquet"));
const other = readFileSync(join(cases, "types.parquet"));
const text = (value: string) => Buffer.from(value);
const readme = text("---\nconfigs: …\n---\n");
/** A PNG of one pixel; `color` makes each another one. */
const images = new Map<string, Buffer>();
async function image(color: string): Promise<Buffer> {
  const { default: sharp } = await import("sharp");
  const found =
    images.get(color) ??
    (await sharp({ create: { width: 40, height: 30, channels: 3, background: color } })
      .png()
      .toBuffer());
  images.set(color, found);
  return found;
}

const pets = {
  "README.md": readme,
  ".gitattributes": text("*.parquet lfs"),
  "data/train-00000-of-00002.parquet": table,
  "data/train-00001-of-00002.parquet": table,
  "data/test-00000-of-00001.parquet": table,
};
const read = (server: HubServer, options: HuggingFaceOptions = {}, name = "ann/pets") =>
  huggingFace(name, { endpoint: server.url, token: false, ...options });
const idsOf = async (source: ReturnType<typeof huggingFace>) => (await flow(source).toArray()).map(({ id }) => id);

afterEach(() => vi.unstubAllEnvs());

testSource("huggingFace (Parquet)", async () => {
  const server = await openHub({ "ann/pets": { files: pets } });
  return { source: read(server), ids: await idsOf(read(server)) };
});

testSource("huggingFace (image folder)", async () => {
  const files = {
    "train/cat/1.png": await image("red"),
    "train/dog/2.png": await image("blue"),
    "test/cat/3.png": await image("lime"),
  };
  const server = await openHub({ "ann/pets": { files } });
  return { source: read(server), ids: await idsOf(read(server)) };
});

testOpener("huggingFace", async () => {
  const server = await openHub({ "ann/pets": { files: { "a.parquet": table, "a/one%23 #.png": await image("red") } } });
  const [found] = await flow(read(server, {}, "hf://datasets/ann/pets/a")).toArray();
  const content = found?.image;
  if (!content || !("uri" in content)) throw new Error("no URI");
  const missingUri = content.uri.replace("one", "none");
  return { opener: hubOpener, uri: content.uri, bytes: await image("red"), missingUri };
});

describe("huggingFace", () => {
  it("reads the rows that parquet reads, with their splits, from files behind a redirect", async () => {
    const server = await openHub({ "ann/pets": { files: pets } });
    const inputs: Input[] = await flow(read(server)).toArray();
    const path = join(temporaryFolder(), "a.parquet");
    writeFileSync(path, table);
    const local = await flow(parquet(path)).toArray();
    const factsOf = async ({ concepts, metadata, image: content }: Input) => ({
      ...{ concepts, metadata: { ...metadata, split: undefined } },
      bytes: content && (await readContent(content)).toString("base64"),
    });
    const facts = await Promise.all(inputs.map(factsOf));
    const expected = await Promise.all(local.map(factsOf));
    expect(facts).toEqual([...expected, ...expected, ...expected]);
    expect(inputs.map(({ metadata }) => metadata.split)).toEqual([
      ...Array(5).fill("test"),
      ...Array(10).fill("train"),
    ]);
    expect(new Set(inputs.map(({ id }) => id)).size).toBe(15);
  });

  it("names the commit in each origin, and not in ids, so a new commit changes no id", async () => {
    const server = await openHub({ "ann/pets": { files: pets } });
    const origins: string[] = [];
    for await (const item of read(server).read({ signal: new AbortController().signal }))
      origins.push(((await item) as { origin: string }).origin);
    const commit = commitOf(pets);
    expect(origins).toContain(`hf://datasets/ann/pets@${commit}/data/test-00000-of-00001.parquet:1`);
    const before = await idsOf(read(server));
    server.datasets.set("ann/pets", { files: { ...pets, "README.md": text("new") } });
    expect(await idsOf(read(server))).toEqual(before);
    expect(server.requests.filter((path) => path.includes("/resolve/main/") || path.includes("/tree/main"))).toEqual(
      [],
    );
  });

  it.each([
    ["ann/pets", {}, 15],
    ["hf://datasets/ann/pets", {}, 15],
    ["hf://datasets/ann/pets@main/data", { split: "test" }, 5],
    ["hf://datasets/ann/pets@main/data/train-00001-of-00002.parquet", {}, 5],
    ["ann/pets", { split: "train" }, 10],
    ["ann/pets", { revision: "v1" }, 5],
    ["ann/pets@refs/convert/parquet", {}, 5],
    ["hf://datasets/ann/pets@refs%2Fconvert%2Fparquet/default/train", {}, 5],
    ["PAGE/datasets/ann/pets", {}, 15],
    ["PAGE/datasets/ann/pets/tree/main/data", {}, 15],
    ["PAGE/datasets/ann/pets/blob/v1/old.parquet", {}, 5],
    ["PAGE/datasets/ann/pets/tree/refs%2Fconvert%2Fparquet", {}, 5],
  ])("reads %s %j", async (name, options, count) => {
    const revisions = {
      v1: { "old.parquet": table },
      "refs/convert/parquet": { "default/train/0000.parquet": table },
    };
    const server = await openHub({ "ann/pets": { files: pets, revisions } });
    expect(await idsOf(read(server, options, name.replace("PAGE", server.url)))).toHaveLength(count);
  });

  it("follows a renamed dataset, with the ids of its present name", async () => {
    const server = await openHub({ "ann/pets": { files: pets, oldName: "bob/pets" } });
    expect(await idsOf(read(server, {}, "bob/pets"))).toEqual(await idsOf(read(server)));
  });

  it("lists a dataset page by page", async () => {
    const server = await openHub({ "ann/pets": { files: pets } }, { pageSize: 2 });
    expect(await idsOf(read(server))).toHaveLength(15);
    expect(server.requests.filter((path) => path.includes("cursor="))).toHaveLength(2);
  });

  it("reads the config and the splits of the card", async () => {
    const files = { "en/a.parquet": table, "en/b.parquet": table, "fr/c.parquet": table };
    const card = {
      configs: [
        {
          config_name: "en",
          data_files: [
            { split: "train", path: "en/a.*" },
            { split: "extra", path: ["en/b.parquet"] },
          ],
        },
        { config_name: "fr", data_dir: "fr" },
      ],
    };
    const server = await openHub({ "ann/pets": { files, card } });
    const english = await flow(read(server, { config: "en" })).toArray();
    expect(english.map(({ metadata }) => metadata.split)).toEqual([
      ...Array(5).fill("train"),
      ...Array(5).fill("extra"),
    ]);
    expect(await idsOf(read(server, { config: "en", split: "extra" }))).toHaveLength(5);
    expect(await idsOf(read(server, { config: "fr" }))).toHaveLength(5);
    await expect(flow(read(server)).run()).rejects.toThrow("has several configs, and no default; name one of en, fr");
    await expect(flow(read(server, { config: "de" })).run()).rejects.toThrow('has no config "de"; name one of en, fr');
    await expect(flow(read(server, { config: "en", split: "dev" })).run()).rejects.toThrow(
      "its splits are train, extra",
    );
  });

  it("reads an image folder with its classes, splits and metadata file", async () => {
    const row = (name: string, id: string) =>
      JSON.stringify({ file_name: name, text: id, objects: { bbox: [[1, 2, 3, 4]], categories: ["cat"] } });
    const files = {
      "train/metadata.jsonl": text(`${row("a.png", "first")}\n${row("b.png", "second")}\n${row("none.png", "lost")}\n`),
      "train/a.png": await image("red"),
      "train/b.png": await image("blue"),
      "val/metadata.csv": text("file_name,caption\nc.png,third\n"),
      "val/c.png": await image("lime"),
    };
    const server = await openHub({ "ann/pets": { files } });
    const { app } = await openStore();
    const report = await flow(read(server)).pipe(upload(app)).run();
    expect(report.counts).toMatchObject({ read: 4, ok: 3, failed: 1 });
    expect(report.failureGroups[0]?.code).toBe("ERR_IMAGE_MISSING");
    const inputs = await flow(read(server, { split: "validation" })).toArray();
    expect(inputs.map(({ text: caption, metadata }) => [caption, metadata.split])).toEqual([["third", "val"]]);
    const [first] = await flow(read(server, { split: "train" })).preview(1);
    expect(first?.annotations).toHaveLength(1);
    const classes = { "cat/1.png": await image("red"), "dog/2.png": await image("blue") };
    server.datasets.set("ann/classes", { files: classes });
    const labeled = await flow(read(server, {}, "ann/classes")).toArray();
    expect(labeled.map(({ concepts }) => concepts[0]?.id)).toEqual(["cat", "dog"]);
    await expect(flow(read(server, { metadata: ["a"] }, "ann/classes")).run()).rejects.toThrow(
      "metadata names columns of tables",
    );
  });

  it("sends the token to the hub, and never to where its redirects lead", async () => {
    const server = await openHub({ "ann/pets": { files: pets, isPrivate: true } });
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "journal");
    const run = () =>
      flow(read(server, { token: hubToken }))
        .pipe(upload(app))
        .run({ journal });
    const report = await run();
    expect(report.counts).toMatchObject({ read: 16, ok: 15, skipped: 1 });
    expect(report.sources).toEqual([{ name: "huggingFace", from: "hf://datasets/ann/pets@main" }]);
    expect(server.reads.length).toBeGreaterThan(0);
    expect(server.leaks).toEqual([]);
    const written = [
      readFileSync(journal, "utf8"),
      JSON.stringify(report),
      report.summary(),
      JSON.stringify(read(server, { token: hubToken })),
    ];
    for (const each of written) expect(each).not.toMatch(/testtoken|cdnsecret/);
  });

  it("finds the token as the hub's tools do: HF_TOKEN, then the file of the login", async () => {
    const server = await openHub({ "ann/pets": { files: pets, isPrivate: true } });
    const find = () => idsOf(huggingFace("ann/pets", { endpoint: server.url }));
    const home = temporaryFolder();
    vi.stubEnv("HF_TOKEN", "");
    vi.stubEnv("HF_HOME", home);
    await expect(find()).rejects.toMatchObject({ code: "ERR_HF_ACCESS" });
    writeFileSync(join(home, "token"), `${hubToken}\n`);
    expect(await find()).toHaveLength(15);
    vi.stubEnv("HF_TOKEN", "hf_wrong");
    await expect(find()).rejects.toThrow("the hub refused the token (HF_TOKEN); make another at");
    vi.stubEnv("HF_TOKEN", "hf wrong");
    expect(() => huggingFace("ann/pets")).toThrow(/^(?!.*hf wrong).*the token \(HF_TOKEN\) has spaces/);
  });

  it("ends with the next step for private, gated and unknown datasets, revisions and paths", async () => {
    const server = await openHub({
      "ann/pets": { files: pets, isGated: true },
      "ann/own": { files: pets, isPrivate: true },
    });
    const errorOf = (options: HuggingFaceOptions, name?: string) => flow(read(server, options, name)).run();
    const access = { name: "SourceError", code: "ERR_HF_ACCESS" };
    const missing = { name: "SourceError", code: "ERR_HF_NOT_FOUND" };
    await expect(errorOf({}, "ann/own")).rejects.toMatchObject({
      ...access,
      message: expect.stringContaining("or is private; check its name, or set HF_TOKEN"),
    });
    await expect(errorOf({})).rejects.toMatchObject({
      ...access,
      message: expect.stringContaining(`is gated; accept its terms at ${server.url}/datasets/ann/pets`),
    });
    await expect(errorOf({ token: hubToken })).rejects.toMatchObject(access);
    await expect(errorOf({ token: hubToken }, "ann/none")).rejects.toMatchObject(missing);
    await expect(errorOf({ revision: "v9" })).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining("no such revision"),
    });
    await expect(errorOf({}, "hf://datasets/ann/pets@main/none")).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining("no such path"),
    });
    server.datasets.set("ann/tables", { files: { "a.csv": text("a"), "b.csv": text("b"), "README.md": readme } });
    await expect(errorOf({}, "ann/tables")).rejects.toMatchObject({
      ...{ name: "SourceError", code: "ERR_HF_FILES" },
      message: expect.stringMatching(
        /it has 2 \.csv, 1 \.md; read hf:\/\/datasets\/ann\/tables@refs\/convert\/parquet/,
      ),
    });
  });

  it("waits when the hub limits requests, and ends if the wait is too long", async () => {
    const limited = await openHub(
      { "ann/pets": { files: pets } },
      { limited: 2, limitHeaders: { "retry-after": "0" } },
    );
    expect(await idsOf(read(limited))).toHaveLength(15);
    const window = { ratelimit: '"api";r=0;t=0', "ratelimit-policy": '"fixed window";"api";q=500;w=300' };
    const inWindow = await openHub({ "ann/pets": { files: pets } }, { limited: 2, limitHeaders: window });
    expect(await idsOf(read(inWindow))).toHaveLength(15);
    const long = await openHub(
      { "ann/pets": { files: pets } },
      { limited: 9, limitHeaders: { "retry-after": "7200" } },
    );
    await expect(flow(read(long)).run()).rejects.toMatchObject({
      ...{ name: "SourceError", code: "ERR_HF_RATE_LIMIT" },
      message: expect.stringMatching(/asks to wait for 2 h.*set HF_TOKEN/),
    });
    expect(long.requests).toHaveLength(1);
  });

  it("continues after broken connections, by range", async () => {
    const server = await openHub({ "ann/pets": { files: { "a.parquet": table } } }, { breaksAfter: 700, breaks: 2 });
    expect(await idsOf(read(server))).toHaveLength(5);
    expect(server.reads.length).toBeGreaterThan(2);
  });

  it("continues with a journal at a new commit, and reads only the files that it changed", async () => {
    const server = await openHub({
      "ann/pets": { files: pets },
      "ann/images": { files: { "a.png": await image("red"), "b.png": await image("blue") } },
    });
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "journal");
    const run = (name?: string) =>
      flow(read(server, {}, name))
        .pipe(upload(app))
        .run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 15 });
    server.datasets.set("ann/pets", { files: { ...pets, "README.md": text("new") } });
    const groups = (await run()).skipped;
    expect(groups.find(({ reason }) => reason === "done earlier")?.count).toBe(15);
    const changed = { ...pets, "data/test-00000-of-00001.parquet": other };
    server.datasets.set("ann/pets", { files: changed });
    const mixed = await run(); // the same rows of another state are not taken for these
    expect(mixed.counts).toMatchObject({ ok: 0, failed: 3, skipped: 11 });
    expect(mixed.failureGroups.map(({ code }) => code)).toEqual(["ERR_ID_TAKEN"]);
    const images = join(temporaryFolder(), "journal");
    const upImages = () =>
      flow(read(server, {}, "ann/images"))
        .pipe(upload(app))
        .run({ journal: images });
    expect((await upImages()).counts).toMatchObject({ ok: 2 });
    server.requests.length = 0;
    expect((await upImages()).counts).toMatchObject({ skipped: 2 });
    expect(server.requests.filter((path) => path.includes("/resolve/"))).toEqual([]);
  });

  it("refuses a next page on another server, and an answer that is no hub's", async () => {
    const server = await openHub(
      { "ann/pets": { files: pets, isPrivate: true } },
      { pageSize: 2, nextOrigin: "http://127.0.0.1:9" },
    );
    await expect(flow(read(server, { token: hubToken })).run()).rejects.toMatchObject({
      ...{ code: "ERR_HF_ANSWER" },
      message: expect.stringContaining("its next page is on another server"),
    });
    const page = await serve((_, response) => response.setHeader("content-type", "text/html").end("<h1>Sign in</h1>"));
    await expect(flow(huggingFace("ann/pets", { endpoint: page, token: false })).run()).rejects.toMatchObject({
      ...{ code: "ERR_HF_ANSWER" },
      message: expect.stringContaining("it is not JSON; its type is text/html"),
    });
  });

  it.each([
    "",
    "pets",
    "ann/pets/data",
    "https://example.com/datasets/ann/pets",
    "hf://models/ann/pets",
    "hf://datasets/ann/pets@main/../x",
    "ann/pets@",
  ])("refuses the name %j", (name) => {
    expect(() => huggingFace(name, { token: false })).toThrow(/huggingFace: expected owner\/name/);
  });

  it("refuses to send a token over plain HTTP to another machine", () => {
    const endpoint = "http://hub.example";
    expect(() => huggingFace("ann/pets", { endpoint, token: hubToken })).toThrow(/^(?!.*testtoken).*over plain HTTP/);
    expect(() => huggingFace("ann/pets", { endpoint, token: false })).not.toThrow();
  });

  it("refuses a name and an option that contradict each other", () => {
    expect(() => huggingFace("ann/pets@v1", { revision: "v2", token: false })).toThrow(
      'says revision "v1", and the option "v2"',
    );
  });
});
