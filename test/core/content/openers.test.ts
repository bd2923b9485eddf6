/** Openers: contents by URI, read from the start, in parts, and again after a fault. */

import { describe, expect, it } from "vitest";
import { openUri } from "../../../src/core/content/open-uri.js";
import { defineOpener, mapUriPath, type OpenRange } from "../../../src/core/content/openers.js";
import { withParts } from "../../../src/core/content/read-parts.js";
import { InputError } from "../../../src/core/errors.js";
import { readContent } from "../../../src/core/input/content.js";
import { normalize } from "../../../src/core/input/normalize.js";
import { testOpener } from "../../../src/testing/opener-contract.js";
import { jpeg } from "../../helpers/files.js";

const bytes = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251));
const opened: OpenRange[] = [];
let open = 0;

const memory = defineOpener({
  name: "memory",
  scheme: "memory",
  async *open(uri, range) {
    opened.push(range);
    if (uri !== "memory:all") throw new InputError("ERR_MEMORY", `memory: ${uri} does not exist`);
    open += 1;
    try {
      const end = range.offset + range.length;
      for (let at = range.offset; at < end; at += 65_536) {
        range.signal?.throwIfAborted();
        yield bytes.subarray(at, Math.min(at + 65_536, end));
      }
    } finally {
      open -= 1;
    }
  },
});

testOpener("memory", async () => ({
  opener: memory,
  uri: "memory:all",
  bytes,
  missingUri: "memory:none",
  isClosed: () => open === 0,
}));

describe("a content by URI", () => {
  const content = { uri: "memory:all", sizeBytes: bytes.length };

  it("is read as often as it is opened", async () => {
    expect((await readContent(content)).equals(bytes)).toBe(true);
    expect((await readContent(content)).equals(bytes)).toBe(true);
  });

  it("is described like a file: type and pixels", async () => {
    const image = await jpeg(40, 30);
    serve("pictures", async function* (_, { offset, length }) {
      yield image.subarray(offset, offset + length);
    });
    const input = await normalize({ id: "a", image: { uri: "pictures:a", sizeBytes: image.length } }, "o");
    expect(input.image).toEqual({
      ...{ uri: "pictures:a", sizeBytes: image.length },
      ...{ mimeType: "image/jpeg", width: 40, height: 30 },
    });
  });

  it("can be the text of an input", async () => {
    serve("texts", async function* () {
      yield Buffer.from("calm sea");
    });
    const input = await normalize({ id: "a", text: { uri: "texts:a", sizeBytes: 8 } }, "o");
    expect(input.text).toBe("calm sea");
  });

  it.each([
    ["has no opener", { uri: "nothing:a", sizeBytes: 3 }, "ERR_OPENER_UNKNOWN", /nothing:a.*import the plugin/],
    ["is empty", { uri: "memory:all", sizeBytes: 0 }, "ERR_FILE_EMPTY", /memory:all is empty/],
    ["does not exist", { uri: "memory:none", sizeBytes: 3 }, "ERR_MEMORY", /memory:none does not exist/],
    ["has no scheme", { uri: "a/b", sizeBytes: 3 }, "ERR_INPUT_SHAPE", /image.uri: expected a URI with a scheme/],
  ])("fails with its reason if it %s", async (_, image, code, text) => {
    const failed = (async () => normalize({ id: "a", image }, "o"))();
    await expect(failed).rejects.toMatchObject({ code, message: expect.stringMatching(text) });
  });
});

describe("a fault while a content is read", () => {
  it("is followed by the rest of the content if it may pass", async () => {
    const starts: number[] = [];
    serve("flaky", async function* (_, { offset, length }) {
      starts.push(offset);
      yield bytes.subarray(offset, offset + Math.min(length, 70_000));
      if (offset + 70_000 < bytes.length) throw Object.assign(new Error("connection lost"), { retryable: true });
    });
    const content = { uri: "flaky:a", sizeBytes: bytes.length };
    expect((await readContent(content)).equals(bytes)).toBe(true);
    expect(starts).toEqual([0, 70_000, 140_000]);
  });

  it("ends the reading at once if it will not pass", async () => {
    let calls = 0;
    serve("gone", async function* () {
      calls += 1;
      yield bytes.subarray(0, 10);
      throw Object.assign(new Error("no such key"), { code: "ENOKEY" });
    });
    const failed = readContent({ uri: "gone:a", sizeBytes: bytes.length });
    await expect(failed).rejects.toMatchObject({ code: "ENOKEY", message: "gone: gone:a cannot be read: no such key" });
    expect(calls).toBe(1);
  });

  it.each([
    ["shorter", 5, /ended after 5 of 9 bytes/],
    ["longer", 12, /returned more than the 9 bytes/],
  ])("is a content that is %s than its source said", async (_, length, text) => {
    serve("other", async function* () {
      yield bytes.subarray(0, length);
    });
    const failed = readContent({ uri: "other:a", sizeBytes: 9 });
    await expect(failed).rejects.toMatchObject({ code: "ERR_FILE_CHANGED", message: expect.stringMatching(text) });
  });

  it("names the opener that yields no bytes", async () => {
    serve("wrong", async function* () {
      yield "text" as unknown as Uint8Array;
    });
    const failed = readContent({ uri: "wrong:a", sizeBytes: 4 });
    await expect(failed).rejects.toMatchObject({ code: "ERR_CONTENT_UNREADABLE", message: /wrong: open must yield/ });
  });

  it("ends when the signal aborts while the next attempt waits", async () => {
    serve("away", () => Promise.reject(Object.assign(new Error("no route"), { retryable: true })));
    const stop = new AbortController();
    const reading = readContent({ uri: "away:a", sizeBytes: 4 }, stop.signal);
    stop.abort(new Error("stopped"));
    await expect(reading).rejects.toThrow("stopped");
  });
});

describe("reading parts", () => {
  const content = { uri: "memory:all", sizeBytes: bytes.length };

  it("fetches each part once, and repeats the work until it has all", async () => {
    opened.length = 0;
    const sum = await withParts(
      content,
      (read) => (read(0, 4)[3] ?? 0) + (read(150_000, 4)[0] ?? 0) + (read(2, 1)[0] ?? 0),
    );
    expect(sum).toBe(3 + (150_000 % 251) + 2);
    expect(opened.map(({ offset }) => offset)).toEqual([0, 150_000]);
  });

  it("does not take a part that is still missing for damage", async () => {
    const found = await withParts(content, (read) => {
      try {
        return read(100_000, 1)[0];
      } catch {
        return "damaged";
      }
    });
    expect(found).toBe(100_000 % 251);
  });

  it("reads fewer bytes at the end", async () => {
    expect(await withParts(content, (read) => [read(199_998, 10).length, read(300_000, 10).length])).toEqual([2, 0]);
  });
});

describe("defineOpener", () => {
  it.each([
    [
      "a scheme of another opener",
      { name: "mine", scheme: "memory", open: memory.open },
      /belongs to the opener "memory"/,
    ],
    ["a scheme with a form of its own", { name: "mine", scheme: "https", open: memory.open }, /\{ url \}/],
    ["a scheme that is none", { name: "mine", scheme: "S3:", open: memory.open }, /scheme of "mine"/],
    ["no function", { name: "mine", scheme: "mine" }, /open of "mine"/],
  ])("refuses %s", (_, definition, text) => {
    expect(() => defineOpener(definition as never)).toThrow(text);
  });

  it("maps the path of a local file, and leaves other URIs unchanged", () => {
    defineOpener({
      ...{ name: "boxes", scheme: "box", open: memory.open },
      mapPath: (uri, map) => `box:${map(uri.slice(4))}`,
    });
    expect(mapUriPath("box:a.box", (path) => `/full/${path}`)).toBe("box:/full/a.box");
    expect(mapUriPath("memory:all", () => "other")).toBe("memory:all");
  });

  it("closes what it opened when nobody reads on", async () => {
    for await (const _ of openUri({ uri: "memory:all", sizeBytes: bytes.length })) break;
    expect(open).toBe(0);
  });
});

function serve(scheme: string, open: Parameters<typeof defineOpener>[0]["open"]): void {
  defineOpener({ name: scheme, scheme, open });
}
