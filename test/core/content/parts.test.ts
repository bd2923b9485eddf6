/** Parts of files: read, described, compared between runs, and named on other machines. */

import { truncateSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { defineOpener } from "../../../src/core/content/openers.js";
import { readContent } from "../../../src/core/input/content.js";
import { journalKeyOf } from "../../../src/core/input/fields/each-field.js";
import type { Content, Input } from "../../../src/core/input/input.js";
import { normalize } from "../../../src/core/input/normalize.js";
import { referencesOf } from "../../../src/core/journal/dead-letters.js";
import { locationOf } from "../../../src/formats/exif/image-location.js";
import { decodeReference, encodeReference, messageIdOf, resolveFiles } from "../../../src/jetstream/reference.js";
import { fitImage } from "../../../src/transforms/fit-image.js";
import { exampleBytes, fileWith, jpeg, tempFolder } from "../../helpers/files.js";
import { one } from "../../helpers/transforms.js";

const temp = tempFolder();

/** A file with other bytes before and after a part. */
function fileAround(part: Buffer): { path: string; offset: number; length: number } {
  const path = fileWith(temp, "box.bin", Buffer.concat([Buffer.alloc(1000, 1), part, Buffer.alloc(500, 2)]));
  return { path, offset: 1000, length: part.length };
}

describe("a part of a file", () => {
  it("is described by its own bytes", async () => {
    const part = fileAround(await jpeg(40, 30));
    const { image } = await normalize({ id: "a", image: part }, "o");
    expect(image).toMatchObject({ ...part, sizeBytes: part.length, mimeType: "image/jpeg", width: 40, height: 30 });
  });

  it("is read to its end and not further", async () => {
    const bytes = await jpeg();
    expect((await readContent(fileAround(bytes))).equals(bytes)).toBe(true);
    expect(await readContent({ ...fileAround(bytes), length: 0 })).toHaveLength(0);
  });

  it("can be the text of an input", async () => {
    expect(await normalize({ id: "a", text: fileAround(Buffer.from("calm sea")) }, "o")).toMatchObject({
      text: "calm sea",
    });
  });

  it("gives its location and its pixels to transforms", async () => {
    const bytes = exampleBytes("harbour/quay.jpg");
    const part = fileAround(bytes);
    const { location } = await locationOf({ bytes });
    expect(location).toBeDefined();
    expect((await locationOf(part)).location).toEqual(location);
    defineOpener({
      ...{ name: "slow", scheme: "slow" },
      open: async function* (_, { offset, length }) {
        yield bytes.subarray(offset, offset + length);
      },
    });
    const remote = { uri: "slow:a", sizeBytes: bytes.length };
    expect((await locationOf(remote)).location).toEqual(location);
    for (const image of [part, remote]) {
      const fitted = await one(fitImage({ format: "png" }), { id: "a", image });
      expect(fitted.image).toMatchObject({ mimeType: "image/png" });
    }
  });

  it.each([
    ["is empty", { length: 0 }, "ERR_FILE_EMPTY"],
    ["is not in the file any more", { length: 100_000 }, "ERR_FILE_CHANGED"],
    ["has no length", { length: undefined }, "ERR_INPUT_SHAPE"],
  ])("fails with its reason if it %s", async (_, change, code) => {
    const part = fileAround(await jpeg());
    const failed = (async () => normalize({ id: "a", image: { ...part, ...change } }, "o"))();
    await expect(failed).rejects.toMatchObject({ code });
  });

  it("that is a text ends at the end of the part", async () => {
    const part = fileAround(Buffer.from("sea"));
    truncateSync(part.path, 1002);
    await expect(normalize({ id: "a", text: part }, "o")).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
  });
});

describe("the journal key", () => {
  const keyOf = async (image: Content) => journalKeyOf(await normalize({ id: "a", image }, "o"));

  it("counts the version of a content, or else its place and time", async () => {
    const part = fileAround(await jpeg());
    const [plain, versioned] = [await keyOf(part), await keyOf({ ...part, version: "1" })];
    utimesSync(part.path, 1000, 2000);
    expect(await keyOf(part)).not.toBe(plain);
    expect(await keyOf({ ...part, version: "1" })).toBe(versioned);
    expect(await keyOf({ ...part, version: "2" })).not.toBe(versioned);
    const remote = { uri: "crate:a", sizeBytes: 3, mimeType: "image/jpeg" };
    expect(await keyOf(remote)).not.toBe(await keyOf({ ...remote, uri: "crate:b" }));
    expect(await keyOf({ ...remote, version: "1" })).toBe(await keyOf({ ...remote, version: "1", uri: "crate:b" }));
  });
});

describe("a content that leaves the process", () => {
  defineOpener({
    name: "crate",
    scheme: "crate",
    async *open() {},
    mapPath: (uri, map) => `crate:${map(uri.slice(6).split("!")[0] ?? "")}!${uri.split("!")[1]}`,
  });
  const base = { id: "a", concepts: [], metadata: {}, annotations: [], datasets: [] } as unknown as Input;
  const part = { path: "/root/box.bin", offset: 4, length: 3, sizeBytes: 3, modifiedMs: 5, mimeType: "image/png" };
  const remote = { uri: "crate:/root/box.bin!a.png", sizeBytes: 3, version: "x", mimeType: "image/png" };

  it("is named in a dead letter by where it is", () => {
    expect(referencesOf({ ...base, image: part }).input?.image).toEqual({ path: part.path, offset: 4, length: 3 });
    expect(referencesOf({ ...base, image: { ...remote, uri: "crate:box.bin!a.png" } }).input?.image).toEqual({
      ...{ uri: `crate:${join(process.cwd(), "box.bin")}!a.png`, sizeBytes: 3, version: "x" },
    });
    const unknown = { uri: "unknown:a", sizeBytes: 3 };
    expect(referencesOf({ ...base, image: unknown }).input?.image).toEqual(unknown);
  });

  it("is named on a stream relative to the root, and found in the worker's root", () => {
    for (const [content, found] of [
      [part, { path: "/mnt/box.bin", offset: 4, length: 3 }],
      [remote, { uri: "crate:/mnt/box.bin!a.png", sizeBytes: 3, version: "x" }],
    ] as const) {
      const text = encodeReference({ ...base, image: content }, "a", 10_000, "/root");
      expect(text).not.toContain("/root");
      expect(resolveFiles(decodeReference(Buffer.from(text)).input, "/mnt").image).toEqual(found);
    }
  });

  it("cannot leave the root of a worker", () => {
    const resolved = (uri: string) => () => resolveFiles({ image: { uri, sizeBytes: 3 } }, temp);
    expect(resolved("crate:../box.bin!a.png")).toThrow(/is not in the root/);
    expect(resolved("crate:/etc/passwd!a.png")).toThrow(/is not in the root/);
    expect(resolved("unknown:a")).toThrow(/no opener is defined/);
  });

  it("is another message if its version is another", () => {
    const idOf = (image: Content) => messageIdOf("{}", { ...base, image });
    expect(idOf({ ...remote, version: "1" })).not.toBe(idOf({ ...remote, version: "2" }));
    expect(idOf({ ...part, version: "1", modifiedMs: 1 })).toBe(idOf({ ...part, version: "1", modifiedMs: 2 }));
  });
});
