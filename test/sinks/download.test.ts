import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { take, tap } from "rxjs";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Manifest } from "../../src/clarifai/download/manifest.js";
import { systemClock } from "../../src/core/net/clock.js";
import type { ManifestLine } from "../../src/formats/manifest/line.js";
import {
  batch,
  type DownloadOptions,
  download,
  flow,
  fromIterable,
  type InputDraft,
  type Report,
} from "../../src/index.js";
import { testSink } from "../../src/testing/index.js";
import { type Asked, askedIn, type Served, serve } from "../helpers/contents.js";
import { exampleBytes, fileWith, openIn, tempFolder } from "../helpers/files.js";
import { turns } from "../helpers/flows.js";
import { temporaryFolder } from "../helpers/store.js";
import { startWeb } from "../helpers/web.js";

type Answer = (request: IncomingMessage, response: ServerResponse, tries: number) => void;

const temp = tempFolder();
const photo = exampleBytes("harbour/quay.jpg");
const clip = exampleBytes("media/ferry.mp4");
/** A JPEG of any size: readers ignore bytes after the image. */
const jpegOf = (size: number) =>
  Buffer.concat([photo.subarray(0, Math.min(size, 600)), randomBytes(Math.max(0, size - 600))]);
const large = jpegOf(2_000_000);
const other = jpegOf(1_900_000);

// Another test covers the waits between two attempts.
vi.spyOn(systemClock, "sleep").mockImplementation(async () => undefined);

let answer: Answer = () => undefined;
let asked: Asked[] = [];
const web = await startWeb({
  "/it": (response, request) => {
    asked.push(askedIn(request));
    answer(request, response, asked.length);
  },
  "/elsewhere": (response) => response.writeHead(302, { location: "/it" }).end("it is there"),
});
const url = `${web.origin}/it`;

/** Sets the answers of the server: always the same, or by the number of the request. */
function serving(served: Served | ((tries: number) => Served)): void {
  asked = [];
  answer = (request, response, tries) =>
    serve(request, response, typeof served === "function" ? served(tries) : served);
}

function run(
  out: string,
  inputs: readonly InputDraft[] = [{ id: "a", image: { url } }],
  options: DownloadOptions = {},
) {
  return flow(fromIterable(inputs))
    .pipe(download(out, { allowPrivate: true, maxAttempts: 2, ...options }))
    .run();
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const digestOf = (bytes: Buffer) => createHash("sha256").update(bytes).digest("base64");
const filesIn = (out: string) => readdirSync(out).filter((name) => name !== "manifest.jsonl");
const linesIn = (out: string) =>
  readFileSync(join(out, "manifest.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as ManifestLine);

/** Checks that the input was downloaded with these bytes, and that its line is complete. */
function expectWhole(out: string, bytes: Buffer, report: Report): void {
  expect(report.failures).toEqual([]);
  expect(filesIn(out)).toEqual(["a.jpg"]);
  expect(readFileSync(join(out, "a.jpg")).equals(bytes)).toBe(true);
  expect(linesIn(out)).toEqual([
    {
      manifest: 1,
      id: "a",
      kind: "image",
      path: "a.jpg",
      sizeBytes: bytes.length,
      sha256: sha256(bytes),
      url: expect.stringContaining(web.origin) as string,
      concepts: [],
      metadata: {},
      annotations: [],
      datasets: [],
    },
  ]);
}

/** Leaves a partial download: the server cuts the connection, and the run fails. */
async function broken(out: string, served: Served, cutAfter: number): Promise<string> {
  serving({ ...served, cutAfter });
  const report = await run(out, undefined, { maxAttempts: 1 });
  expect(report.failures).toMatchObject([{ code: "ERR_DOWNLOAD_BROKEN" }]);
  const [part = ""] = filesIn(out);
  expect(part).toMatch(/^a\.image\..*part$/);
  expect(readFileSync(join(out, part)).equals(served.bytes.subarray(0, cutAfter))).toBe(true);
  return part;
}

testSink("download", async () => {
  const out = temporaryFolder();
  const path = fileWith(temp, "b.mp4", clip);
  serving({ bytes: photo });
  return {
    sink: download(out, { allowPrivate: true }),
    inputs: [
      { id: "a", image: { url } },
      { id: "b", video: { path } },
      { id: "c", text: "calm sea" },
    ],
    written: async () => linesIn(out).map((line) => line.id),
  };
});

describe("a downloaded file", () => {
  const piece = 512 * 1024;
  it.each([1, 20_000, piece - 1, piece, piece + 1, 2 * piece, 3_000_000])(
    "is complete, with %d bytes",
    async (size) => {
      const bytes = jpegOf(size);
      for (const chunked of [false, true]) {
        const out = temporaryFolder();
        serving({ bytes, chunked });
        const report = await run(out);
        const [name = ""] = filesIn(out);
        expect(report.counts.ok).toBe(1);
        expect(readFileSync(join(out, name)).equals(bytes)).toBe(true);
        expect(linesIn(out)).toMatchObject([{ id: "a", path: name, sizeBytes: size, sha256: sha256(bytes) }]);
      }
    },
  );

  it("may come from a local file or from memory, and an image may have a text", async () => {
    const out = temporaryFolder();
    const path = fileWith(temp, "x.mp4", Buffer.concat([clip, randomBytes(2_000_000)]));
    const report = await run(out, [
      { id: "clip", video: { path } },
      { id: "pair", image: { bytes: photo }, text: "a pier" },
    ]);
    expect(report.counts.ok).toBe(2);
    expect(filesIn(out).sort()).toEqual(["clip.mp4", "pair.jpg", "pair.txt"]);
    expect(readFileSync(join(out, "clip.mp4")).equals(readFileSync(path))).toBe(true);
    expect(linesIn(out).sort((one, two) => (one.id < two.id ? -1 : 1))).toMatchObject([
      { id: "clip", kind: "video", path: "clip.mp4" },
      { id: "pair", kind: "image", path: "pair.jpg", text: { path: "pair.txt", sizeBytes: 6 } },
    ]);
  });

  it("has the extension of its content, not of the server's header", async () => {
    const out = temporaryFolder();
    serving({ bytes: clip, headers: { "content-type": "image/jpeg" } });
    await run(out, [{ id: "../../etc/a", image: { url: `${web.origin}/elsewhere` } }]);
    expect(filesIn(out)).toEqual([expect.stringMatching(/^etc-a\.[0-9a-f]{32}\.mp4$/)]);
  });

  it("is fetched again only if its size is wrong", async () => {
    const out = temporaryFolder();
    serving({ bytes: photo });
    await run(out);
    expect((await run(out)).counts).toMatchObject({ ok: 0, skipped: 1 });
    writeFileSync(join(out, "a.jpg"), "cut");
    expect((await run(out)).counts).toMatchObject({ ok: 1, skipped: 0 });
    expect(readFileSync(join(out, "a.jpg")).equals(photo)).toBe(true);
    expect(asked).toHaveLength(2);
  });

  it("is kept when a second input has the same id and another address, and the second fails", async () => {
    const out = temporaryFolder();
    const contents = [large, other];
    answer = (request, response) => serve(request, response, { bytes: contents.shift() ?? photo });
    const report = await run(out, [
      { id: "a", image: { url } },
      { id: "a", image: { url: `${url}?other` } },
      { id: "a", image: { url }, concepts: ["another record"] },
      { id: "a", image: { url } },
    ]);
    expect(report.counts).toMatchObject({ ok: 1, failed: 2, skipped: 1 });
    expect(report.failures).toMatchObject(Array(2).fill({ code: "ERR_ID_IN_RUN", id: "a" }));
    expectWhole(out, large, { failures: [] } as unknown as Report);
  });
});

describe("the manifest", () => {
  it("gets the line after the file is complete, and before the input passes downstream", async () => {
    const out = temporaryFolder();
    serving({ bytes: photo });
    const inPlace: boolean[] = [];
    const { add } = Manifest.prototype;
    const spy = vi.spyOn(Manifest.prototype, "add").mockImplementation(function (this: Manifest, ...args) {
      for (const { path } of args[2].files.values()) inPlace.push(existsSync(join(out, path)));
      return add.apply(this, args);
    });
    onTestFinished(() => spy.mockRestore());
    const written: string[][] = [];
    await flow(fromIterable(Array.from({ length: 30 }, (_, n) => ({ id: `n${n}`, image: { url } }))))
      .pipe(
        download(out, { allowPrivate: true }),
        tap((message) => void written.push([message.value.id, ...linesIn(out).map((line) => line.id)])),
      )
      .run();
    expect(written).toHaveLength(30);
    for (const [id, ...lines] of written) expect(lines).toContain(id);
    expect(inPlace).toEqual(Array(30).fill(true));
  });

  it("loses only a line that was truncated by a kill", async () => {
    const out = temporaryFolder();
    const texts = (ids: string) => [...ids].map((id) => ({ id, text: id }));
    await run(out, texts("a"));
    const line = readFileSync(join(out, "manifest.jsonl"), "utf8");
    for (const torn of [line.slice(0, 5), line.slice(0, 40), line.slice(0, -3).replace('"id":"a"', '"id":"b"')]) {
      writeFileSync(join(out, "manifest.jsonl"), line + torn);
      expect((await run(out, texts("ab"))).counts).toMatchObject({ ok: 1, skipped: 1 });
      const lines = readFileSync(join(out, "manifest.jsonl"), "utf8").split("\n");
      expect(lines).toEqual([line.trimEnd(), expect.stringContaining('"id":"b"'), ""]);
    }
  });

  it("is ignored where it names a file outside of the folder", async () => {
    const out = temporaryFolder();
    const line = { id: "a", kind: "text", path: "../a.txt", sizeBytes: 1, sha256: "0" };
    writeFileSync(join(out, "manifest.jsonl"), `${JSON.stringify(line)}\n`);
    writeFileSync(join(out, "../a.txt"), "a");
    onTestFinished(() => rmSync(join(out, "../a.txt")));
    expect((await run(out, [{ id: "a", text: "a" }])).counts.ok).toBe(1);
  });
});

describe("an interrupted download", () => {
  it("resumes at the same byte, in the same run", async () => {
    for (const cutAfter of [600, 700_000, 1_500_000]) {
      const out = temporaryFolder();
      serving((tries) => ({ bytes: large, etag: '"v1"', ...(tries === 1 ? { cutAfter } : {}) }));
      expectWhole(out, large, await run(out));
      expect(asked).toEqual([
        { range: undefined, ifRange: undefined },
        { range: `bytes=${cutAfter}-`, ifRange: '"v1"' },
      ]);
    }
  });

  it.each([
    ["with a tag", '"v1"'],
    ["with a tag that is no part of a file name", `"${"/".repeat(80)}"`],
  ])("resumes in a later run, %s", async (_, etag) => {
    const out = temporaryFolder();
    const served: Served = { bytes: large, etag };
    await broken(out, served, 800_000);
    serving(served);
    expectWhole(out, large, await run(out));
    expect(asked).toEqual([{ range: "bytes=800000-", ifRange: etag }]);
  });

  it.each([
    ["without a tag", undefined],
    ["with a weak tag, which promises nothing", 'W/"v1"'],
    ["with a tag that is too long for a file name", `"${"x".repeat(200)}"`],
  ])("starts again in a later run, %s, since the file on the server may have changed", async (_, etag) => {
    const out = temporaryFolder();
    const tagged = etag === undefined ? {} : { etag };
    await broken(out, { bytes: large, ...tagged }, 800_000);
    const changed = Buffer.from(large.map((byte, at) => (at < 400_000 ? byte ^ 1 : byte)));
    changed.set(large.subarray(0, 64)); // the same type
    serving({ bytes: changed, ...tagged });
    expectWhole(out, changed, await run(out));
    expect(asked).toEqual([{ range: undefined, ifRange: undefined }]);
  });

  it.each<[string, Served]>([
    ["has another content by now", { bytes: other, etag: '"v2"' }],
    ["has another content, and sends a part of it all the same", { bytes: other, etag: '"v2"', ranges: "always" }],
    ["sends no parts", { bytes: other, etag: '"v1"', ranges: "never" }],
    ["has less than what is there", { bytes: photo, etag: '"v2"', ranges: "always" }],
    ["sends another part", { bytes: other, etag: '"v1"', headers: { "content-range": "bytes 5-1899999/1900000" } }],
  ])("starts again when the server %s", async (_, served) => {
    const out = temporaryFolder();
    const { etag: _etag, ...untagged } = served;
    await broken(out, { bytes: large, ...(served.etag === undefined ? {} : { etag: '"v1"' }) }, 800_000);
    serving((tries) => (tries === 1 ? served : { ...untagged, headers: {} }));
    expectWhole(out, served.bytes, await run(out));
    expect(asked[0]?.range).toBe("bytes=800000-");
    if (asked.length > 1) expect(asked[1]).toEqual({ range: undefined, ifRange: undefined });
  });

  it("starts again when the total size changed and the server sent no ETag", async () => {
    const out = temporaryFolder();
    serving((tries) => (tries === 1 ? { bytes: large, cutAfter: 800_000 } : { bytes: other }));
    expectWhole(out, other, await run(out, undefined, { maxAttempts: 3 }));
    expect(asked.map(({ range }) => range)).toEqual([undefined, "bytes=800000-", undefined]);
  });

  it("requests only the end when the partial file is complete", async () => {
    const out = temporaryFolder();
    const part = await broken(out, { bytes: large, etag: '"v1"' }, 800_000);
    writeFileSync(join(out, part), large);
    serving({ bytes: large, etag: '"v1"' });
    expectWhole(out, large, await run(out));
    expect(asked).toEqual([{ range: "bytes=2000000-", ifRange: '"v1"' }]);
  });

  it("is fetched again when the partial file is corrupt and the server sends the digest", async () => {
    const out = temporaryFolder();
    const served = { bytes: large, etag: '"v1"', headers: { "repr-digest": `sha-256=:${digestOf(large)}:` } };
    const part = await broken(out, served, 800_000);
    writeFileSync(join(out, part), randomBytes(800_000));
    serving(served);
    expectWhole(out, large, await run(out));
    expect(asked.map(({ range }) => range)).toEqual(["bytes=800000-", undefined]);
  });
});

it("download waits when the server limits the rate, and does not count that as an attempt", async () => {
  const out = temporaryFolder();
  const served: Served = { bytes: photo };
  serving((tries) => (tries < 3 ? { ...served, status: 429 } : served));
  const report = await run(out, undefined, { maxAttempts: 1 });
  expectWhole(out, photo, report);
  expect(report.traffic).toMatchObject({ requests: 3, retries: 2, throttled: 2 });
  expect(asked).toHaveLength(3);
});

describe("a damaged download", () => {
  it.each<[string, Record<string, string>]>([
    ["Repr-Digest", { "repr-digest": `sha-512=:AAAA:, sha-256=:${digestOf(photo)}:` }],
    ["Digest", { digest: `SHA-256=${digestOf(photo)}` }],
    ["Content-Digest", { "content-digest": `sha-256=:${digestOf(photo)}:` }],
    ["X-Checksum-Sha256", { "x-checksum-sha256": sha256(photo) }],
  ])("is detected by %s and fetched again", async (_, headers) => {
    const out = temporaryFolder();
    const spoilt = Buffer.from(photo);
    spoilt[1000] = (spoilt[1000] ?? 0) ^ 1;
    serving((tries) => ({ bytes: tries === 1 ? spoilt : photo, headers }));
    expectWhole(out, photo, await run(out));
    expect(asked).toHaveLength(2);
  });

  it("fails alone if it stays damaged, and leaves no file", async () => {
    const out = temporaryFolder();
    for (const bytes of [photo, large]) {
      serving({ bytes, headers: { digest: `sha-256=${digestOf(other)}` } });
      const report = await run(out, [
        { id: "a", image: { url } },
        { id: "t", text: "x" },
      ]);
      expect(report.failures).toMatchObject([{ id: "a", code: "ERR_DOWNLOAD_DIGEST", attempts: 2 }]);
      expect(report.failures[0]?.reason).toContain(sha256(other));
      expect(filesIn(out)).toEqual(["t.txt"]);
    }
  });

  it("with a wrong length fails, and keeps the partial file for the next run", async () => {
    const out = temporaryFolder();
    serving({ bytes: photo, headers: { "content-length": String(photo.length + 10) }, cutAfter: photo.length });
    const report = await run(out, undefined, { maxAttempts: 1 });
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_DOWNLOAD_BROKEN" }]);
    expect(filesIn(out)).toEqual(["a.image.part"]);
    serving({ bytes: photo });
    expectWhole(out, photo, await run(out));
  });
});

describe("an unwanted response", () => {
  it.each([false, true])("fails if it is too large (chunked: %s), and leaves no partial file", async (chunked) => {
    const out = temporaryFolder();
    serving({ bytes: large, chunked });
    const report = await run(out, undefined, { maxBytes: 1_000_000 });
    expect(report.failures).toMatchObject([{ id: "a", code: "ERR_DOWNLOAD_TOO_LARGE" }]);
    expect(report.failures[0]?.reason).toContain("1000000 bytes");
    expect(filesIn(out)).toEqual([]);
    expect(asked).toHaveLength(1);
  });

  it("fails only its own input: an empty body, a 404, a URL that is not http, an input without content", async () => {
    const out = temporaryFolder();
    serving({ bytes: Buffer.alloc(0) });
    const report = await run(out, [
      { id: "empty", image: { url } },
      { id: "gone", image: { url: `${web.origin}/gone` } },
      { id: "odd", image: { url: "file:///etc/passwd" } },
      { id: "nothing" },
      { id: "good", text: "calm sea" },
    ]);
    const codes = Object.fromEntries(report.failures.map(({ id, code }) => [id, code]));
    expect(report.failures.map(({ attempts }) => attempts)).toEqual([1, 1, 1, 1]);
    expect(codes).toEqual({
      empty: "ERR_DOWNLOAD_EMPTY",
      gone: "ERR_HTTP_404",
      odd: "ERR_URL_SCHEME",
      nothing: "ERR_INPUT_EMPTY",
    });
    expect(filesIn(out)).toEqual(["good.txt"]);
  });

  it("fails without another attempt if the file cannot be written", async () => {
    const out = temporaryFolder();
    for (const bytes of [photo, large]) {
      serving({ bytes });
      mkdirSync(join(out, "a.jpg"), { recursive: true });
      mkdirSync(join(out, "a.bin"), { recursive: true });
      const report = await run(out, undefined, { maxAttempts: 4 });
      expect(report.failures).toMatchObject([{ id: "a", code: "ERR_FILE_UNWRITABLE" }]);
      expect(asked).toHaveLength(1);
      rmSync(join(out, "a.image.part"), { force: true });
    }
  });

  it("rejects the run if the folder cannot be created", async () => {
    const path = fileWith(temp, "file", "x");
    await expect(run(join(path, "out"))).rejects.toMatchObject({ code: "ERR_FILE_UNWRITABLE" });
  });
});

describe("an early stop", () => {
  it("keeps the partial file, and the next run resumes it", async () => {
    const out = temporaryFolder();
    const abort = new AbortController();
    asked = [];
    answer = (_, response) => {
      response.writeHead(200, { "content-length": large.length, etag: '"v1"' });
      response.write(large.subarray(0, 900_000));
    };
    const running = flow(fromIterable([{ id: "a", image: { url } }]))
      .pipe(download(out, { allowPrivate: true }))
      .run({ signal: abort.signal });
    await vi.waitFor(() => expect(openIn(out).some((path) => path.endsWith(".part"))).toBe(true), {
      interval: 3,
      timeout: 20_000,
    });
    abort.abort();
    expect((await running).stopped).toBe(true);
    expect(openIn(out)).toEqual([]);
    serving({ bytes: large, etag: '"v1"' });
    expectWhole(out, large, await run(out));
    expect(asked[0]?.ifRange).toBe('"v1"');
    expect(Number(/\d+/.exec(asked[0]?.range ?? "")?.[0])).toBeGreaterThanOrEqual(512 * 1024);
  });

  it("after some inputs leaves exactly their files and their lines", async () => {
    const out = temporaryFolder();
    serving({ bytes: photo });
    const many = Array.from({ length: 200 }, (_, n) => ({ id: `n${n}`, image: { url } }));
    const report = await flow(fromIterable(many))
      .pipe(batch({ maxItems: 10 }), download(out, { allowPrivate: true }), take(25))
      .run();
    expect(report.counts.ok).toBeGreaterThanOrEqual(25);
    expect(report.counts).toMatchObject({ skipped: 0, failed: 0 });
    expect(openIn(out)).toEqual([]);
    const whole = filesIn(out).filter((name) => name.endsWith(".jpg"));
    expect(
      linesIn(out)
        .map((line) => line.path)
        .sort(),
    ).toEqual(whole.sort());
    expect(whole.length).toBeGreaterThanOrEqual(report.counts.ok); // a file whose batch was cut is whole, and pending
    expect(whole.length).toBeLessThan(many.length);
  });
});

describe("the option concurrency", () => {
  it("limits the requests at the same time", async () => {
    const out = temporaryFolder();
    const held: (() => void)[] = [];
    answer = (request, response) => void held.push(() => serve(request, response, { bytes: photo }));
    const many = Array.from({ length: 12 }, (_, n) => ({ id: `n${n}`, image: { url } }));
    const running = run(out, many, { concurrency: 3 });
    for (let done = 0; done < 12; done += 3) {
      await vi.waitFor(() => expect(held).toHaveLength(3), { interval: 1, timeout: 20_000 });
      await turns(5);
      expect(held).toHaveLength(3);
      for (const release of held.splice(0)) release();
    }
    expect((await running).counts.ok).toBe(12);
  });

  it("keeps the source from reading far ahead", async () => {
    const out = temporaryFolder();
    const abort = new AbortController();
    let arrived = () => {};
    const first = new Promise<void>((resolve) => (arrived = resolve));
    answer = () => arrived();
    let read = 0;
    const endless = {
      name: "endless",
      async *read() {
        for (; ; read += 1) {
          if (read > 0) await first;
          yield { origin: `${read}`, input: { id: `n${read}`, image: { url } } };
        }
      },
    };
    const running = flow(endless)
      .pipe(download(out, { allowPrivate: true }))
      .run({ signal: abort.signal });
    await vi.waitFor(() => expect(read).toBeGreaterThan(256), { interval: 1, timeout: 20_000 });
    await turns(300);
    expect(read).toBeLessThan(300);
    abort.abort();
    await running;
  });
});
