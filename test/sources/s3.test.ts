/** Buckets, read from a strict server of the S3 protocol. Its signatures are checked by code of its own. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import {
  batch,
  deadLetters,
  flow,
  type Input,
  listInputs,
  type S3SourceOptions,
  s3,
  transform,
  upload,
} from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { exampleBytes } from "../helpers/files.js";
import { etagOf, openS3, type S3Server, s3Keys } from "../helpers/s3-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const photo = exampleBytes("harbour/quay.jpg");
const other = exampleBytes("harbour/lighthouse.jpg");

const read = (server: S3Server, uri: string | string[], options: S3SourceOptions = {}) =>
  s3(uri, { endpoint: server.url, region: "us-east-1", credentials: s3Keys, ...options });

const plan = async (server: S3Server, uri: string | string[], options?: S3SourceOptions) =>
  flow(read(server, uri, options)).run();
const inputsOf = (server: S3Server, uri: string, options?: S3SourceOptions): Promise<Input[]> =>
  flow(read(server, uri, options)).toArray();

testSource("s3", async () => {
  const server = await openS3({ "b/p/a.jpg": photo, "b/p/b.txt": "calm sea", "b/p/c.jpg": other });
  const ids = (await inputsOf(server, "s3://b/p")).map(({ id }) => id);
  return { source: read(server, "s3://b/p"), ids };
});

describe("s3", () => {
  it("reads a prefix like a folder, and no other keys that begin with it", async () => {
    const server = await openS3({ "b/p/a.jpg": photo, "b/p/deep/t.txt": "calm", "b/p2/no.txt": "no", "b/p.txt": "no" });
    const inputs = await inputsOf(server, "s3://b/p", { labels: "folder" });
    expect(
      inputs.map(({ metadata, concepts, text }) => [
        metadata.filename,
        concepts.map(({ id, name }) => name ?? id),
        text,
      ]),
    ).toEqual([
      ["a.jpg", [], undefined],
      ["t.txt", ["deep"], "calm"],
    ]);
    expect(inputs[0]).toMatchObject({
      image: { version: etagOf(photo), sizeBytes: photo.length, mimeType: "image/jpeg" },
    });
  });

  it("reads a single object, a whole bucket, and several URIs", async () => {
    const server = await openS3({ "b/a.txt": "one", "c/x/y.txt": "two" });
    const texts = async (uri: string | string[]) => (await flow(read(server, uri)).toArray()).map(({ text }) => text);
    expect(await texts("s3://b/a.txt")).toEqual(["one"]);
    expect(await texts("s3://c")).toEqual(["two"]);
    expect(await texts(["s3://b", "s3://c/x/"])).toEqual(["one", "two"]);
  });

  it("filters as folder does, and skips the keys that stand for folders", async () => {
    const server = await openS3({
      "b/p/": "",
      "b/p/a.jpg": photo,
      "b/p/b.txt": "calm",
      "b/p/.hidden": "x",
      "b/p/q/": "",
      "b/p/Thumbs.db": "x",
    });
    const report = await plan(server, "s3://b/p", { exclude: "*.txt" });
    expect(report.counts).toMatchObject({ ok: 1, skipped: 5, failed: 0 });
    const reasons = Object.fromEntries(report.skipped.map(({ reason, count }) => [reason, count]));
    expect(reasons).toEqual({ "stands for a folder": 2, hidden: 1, excluded: 1, "system file": 1 });
  });

  it("lists page by page, and requests a page only when its objects are wanted", async () => {
    const server = await openS3(
      Object.fromEntries(Array.from({ length: 25 }, (_, n) => [`b/${String(n).padStart(2, "0")}.txt`, `text ${n}`])),
    );
    server.pageItems = 5;
    const lists = () => server.requests.filter(({ path }) => path.includes("list-type=2")).length;
    const iterator = flow(read(server, "s3://b", { concurrency: 1 }))[Symbol.asyncIterator]();
    await iterator.next();
    expect(lists()).toBeLessThan(5);
    await iterator.return?.();
    server.requests.length = 0;
    expect((await inputsOf(server, "s3://b")).map(({ text }) => text)).toEqual(
      Array.from({ length: 25 }, (_, n) => `text ${n}`),
    );
    expect(lists()).toBe(5);
  });

  it("needs one request for each small object, from its listing to the upload", async () => {
    const photos = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`b/p/${n}.jpg`, Buffer.concat([photo, Buffer.from([n])])]),
    );
    const server = await openS3(photos);
    const { app } = await openStore();
    const report = await flow(read(server, "s3://b/p/")).pipe(batch(), upload(app)).run();
    expect(report.counts).toMatchObject({ ok: 20 });
    expect(server.requests).toHaveLength(21);
  });

  it("reads hostile and unusual keys exactly", async () => {
    const keys = [
      "../up.txt",
      "/abs.txt",
      "a/../b.txt",
      "a/./b.txt",
      "a//b.txt",
      "sp ace.txt",
      "plus+.txt",
      "per%20cent%.txt",
      "q?x#y&z.txt",
      "Ü/名前.txt",
      "CASE.txt",
      "case.txt",
      "quo'te\"(1)!*.txt",
      "new\nline.txt",
      "<tag>&amp;.txt",
      "back\\slash.txt",
    ];
    const server = await openS3(Object.fromEntries(keys.map((key) => [`b/${key}`, `text of ${key}`])));
    const inputs = await inputsOf(server, "s3://b");
    expect(inputs.map(({ text }) => text).sort()).toEqual(keys.map((key) => `text of ${key}`).sort());
    expect(new Set(inputs.map(({ id }) => id)).size).toBe(keys.length);
    expect(server.refusals).toEqual([]);
  });

  it("fails an empty object alone", async () => {
    const server = await openS3({ "b/a.jpg": "", "b/b.txt": "calm" });
    const report = await plan(server, "s3://b");
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures).toMatchObject([{ code: "ERR_FILE_EMPTY", origin: "s3://b/a.jpg" }]);
  });

  it("continues a body that breaks off, by range, and asks again after SlowDown", async () => {
    const server = await openS3({ "b/a.jpg": photo }, { breaksAfter: 3000, breaks: 2, slowDown: 1 });
    const [input] = await inputsOf(server, "s3://b");
    expect(await readContent(input?.image as never)).toEqual(photo);
    expect(server.requests.some(({ range }) => range?.startsWith("bytes=3000-"))).toBe(true);
  });

  it.each([false, true])("fails an object that changed after the listing (simple server: %s)", async (isSimple) => {
    const server = await openS3({ "b/a.jpg": photo }, { isSimple });
    const [input] = await inputsOf(server, "s3://b");
    server.objects.set("b/a.jpg", other);
    expect(await readContent(input?.image as never)).toEqual(photo); // small, so it was read when its type was detected
    await expect(readContent(input?.image as never)).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
  });

  it.each(["307", "301", "400"] as const)(
    "signs again for the region that an answer with %s names, once for the bucket",
    async (redirects) => {
      const server = await openS3({ "b/a.txt": "one", "b/b.txt": "two" }, { region: "eu-west-1", redirects });
      expect(await inputsOf(server, "s3://b", { region: undefined })).toHaveLength(2);
      expect(server.refusals).toHaveLength(1);
    },
  );

  it("sends the session token, and no signature to a public bucket", async () => {
    const server = await openS3({ "b/a.txt": "one", "public/a.txt": "two" }, { sessionToken: "token" });
    expect(
      await inputsOf(server, "s3://b", { credentials: async () => ({ ...s3Keys, sessionToken: "token" }) }),
    ).toHaveLength(1);
    const anonymous = { credentials: undefined, anonymous: true };
    const [input] = await inputsOf(server, "s3://public", anonymous);
    expect(input?.text).toBe("two");
    expect(server.requests.at(-1)?.signed).toBe(false);
  });
});

describe("s3, when the service is not right,", () => {
  it.each([
    ["has a web page for every request", { page: "<!DOCTYPE html><html><br></html>" }, "ERR_S3_ANSWER"],
    ["repeats a page of the listing", { repeatsToken: true }, "ERR_S3_ANSWER"],
  ])("ends with an error if it %s", async (_, faults, code) => {
    const server = await openS3({ "b/a.txt": "one", "b/b.txt": "two" }, faults);
    server.pageItems = 1;
    const error = await plan(server, "s3://b").catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: "ERR_S3_UNREADABLE", cause: { code } });
  });

  it.each([
    ["s3://b/none", s3Keys, "ERR_S3_UNREADABLE", /s3:\/\/b\/none is neither an object nor a folder/],
    ["s3://other", s3Keys, "ERR_S3_UNREADABLE", /HTTP 404 \(NoSuchBucket/],
    [
      "s3://b",
      { ...s3Keys, secretAccessKey: "wrong" },
      "ERR_S3_UNREADABLE",
      /SignatureDoesNotMatch.*check the secret key/,
    ],
  ])("ends the run for %s", async (uri, credentials, code, message) => {
    const server = await openS3({ "b/a.txt": "one" });
    await expect(plan(server, uri, { credentials })).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });

  it("refuses options that are wrong, without the secret in the text", () => {
    const code = "ERR_OPTIONS";
    for (const uri of ["b/p", "https://b/p", "s3://", "s3:///x"])
      expect(() => s3(uri)).toThrow(expect.objectContaining({ code }));
    expect(() => s3("s3://b", { endpoint: "http://user:secret@host" })).toThrow(/got "http:\/\/host/);
    const wrong = { accessKeyId: "a", secretAccessKey: "" } as never;
    expect(() => s3("s3://b", { credentials: wrong })).toThrow(/credentials/);
    expect(() => s3("s3://b", { credentials: s3Keys, anonymous: true })).toThrow(/exclude each other/);
  });
});

describe("s3, through a run,", () => {
  it("uploads exactly, resumes with a journal, and replays dead letters, with no secret on disk", async () => {
    const server = await openS3({ "b/a.jpg": photo, "b/b.jpg": other });
    const { app } = await openStore();
    const folder = temporaryFolder();
    const [journal, letters] = [join(folder, "j"), join(folder, "d.jsonl")];
    let isBroken = true;
    const breaking = transform((input) => {
      if (isBroken && input.metadata.filename === "b.jpg") throw new Error("broken");
      return input;
    });
    const run = () =>
      flow(read(server, "s3://b")).pipe(breaking, batch(), upload(app)).run({ journal, deadLetters: letters });
    expect((await run()).counts).toMatchObject({ ok: 1, failed: 1 });
    isBroken = false;
    expect(await flow(deadLetters(letters)).toArray()).toMatchObject([
      { image: { sizeBytes: other.length, width: 640 } },
    ]);
    expect((await run()).counts).toMatchObject({ ok: 1, skipped: 1 });
    const before = server.requests.length;
    expect((await run()).counts).toMatchObject({ ok: 0, skipped: 2, failed: 0 });
    expect(server.requests.slice(before).every(({ path }) => path.includes("list-type=2"))).toBe(true);
    const stored = await flow(listInputs(app)).toArray();
    expect(stored).toHaveLength(2);
    for (const path of [journal, letters]) expect(readFileSync(path, "latin1")).not.toContain(s3Keys.secretAccessKey);
  });
});
