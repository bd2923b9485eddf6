/** Entries of archives that other programs made: Info-ZIP, GNU tar and Python. */

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openUri } from "../../../src/core/content/open-uri.js";
import { readContent } from "../../../src/core/input/content.js";
import type { UriContent } from "../../../src/core/input/input.js";
import type { ArchiveEntry } from "../../../src/formats/archive/entry.js";
import { mapEntryPath, parseEntryUri } from "../../../src/formats/archive/entry-uri.js";
import { tarEntries } from "../../../src/formats/archive/tar-entries.js";
import { tarGzipEntries } from "../../../src/formats/archive/tar-gzip-entries.js";
import { tarGzipOpener } from "../../../src/formats/archive/tar-gzip-opener.js";
import { zipEntries } from "../../../src/formats/archive/zip-entries.js";
import { zipOpener } from "../../../src/formats/archive/zip-opener.js";
import { testOpener } from "../../../src/testing/opener-contract.js";
import { exampleBytes, fileWith, tempFolder } from "../../helpers/files.js";

const temp = tempFolder();
const sample = (name: string) => join(import.meta.dirname, "../../cases/files/archives", name);
const longName = `sea/${"n".repeat(120)}/${"n".repeat(120)}.txt`;
const numbers = Array.from({ length: 3000 }, (_, index) => `${index + 1}\n`).join("");
const files = new Map<string, Buffer>([
  ["sea/deep/numbers.txt", Buffer.from(numbers)],
  ["sea/notes.txt", Buffer.from("calm sea\n")],
  ["sea/nothing.txt", Buffer.alloc(0)],
  ["sea/quay.jpg", exampleBytes("harbour/quay.jpg")],
  [longName, Buffer.from("long\n")],
]);

function entriesOf(path: string): AsyncGenerator<ArchiveEntry, void> {
  if (path.endsWith(".zip")) return zipEntries(path);
  return path.endsWith(".gz") ? tarGzipEntries(path, new AbortController().signal) : tarEntries(path);
}

/** Reads an archive: the SHA-256 of each file, and the reason of each entry without one. */
async function readAll(path: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const entry of entriesOf(path)) found[entry.name] = await resultOf(entry);
  return found;
}

async function resultOf(entry: ArchiveEntry): Promise<string> {
  if ("skipped" in entry) return entry.skipped;
  if ("error" in entry) return (entry.error as Error & { code: string }).code;
  return sha256(await readContent(entry.content));
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const expected = Object.fromEntries([...files].map(([name, bytes]) => [name, sha256(bytes)]));

describe("an archive", () => {
  it.each(["deflated.zip", "stored.zip"])("%s has all files and reports its link", async (name) => {
    expect(await readAll(sample(name))).toEqual({
      ...expected,
      "sea/hard.txt": expected["sea/notes.txt"],
      "sea/link.txt": "symbolic link",
    });
  });

  it.each(["gnu.tar", "pax.tar", "gnu.tar.gz"])("%s has all files and reports its links", async (name) => {
    const found = await readAll(sample(name));
    const [hard, file] =
      "sea/hard.txt" in found && found["sea/hard.txt"]?.startsWith("hard")
        ? ["sea/hard.txt", "sea/notes.txt"]
        : ["sea/notes.txt", "sea/hard.txt"];
    expect(found).toEqual({
      ...expected,
      [file]: expected["sea/notes.txt"],
      [hard]: `hard link to ${file}`,
      "sea/link.txt": "symbolic link",
    });
  });

  it("gives stored entries as parts of the archive, and compressed ones as URIs", async () => {
    const contents = async (name: string) => {
      const found: object[] = [];
      for await (const entry of zipEntries(sample(name))) if (entry.name === "sea/quay.jpg") found.push(entry);
      return found;
    };
    expect(await contents("stored.zip")).toMatchObject([
      { content: { path: sample("stored.zip"), version: "f2b98c67" } },
    ]);
    expect(await contents("deflated.zip")).toMatchObject([
      { content: { uri: expect.stringMatching(/^zip:.*#sea\/quay.jpg$/) } },
    ]);
  });

  it("that was written to a pipe, with sizes behind the bytes, is read", async () => {
    expect(await readAll(sample("streamed.zip"))).toEqual({ "-": expected["sea/quay.jpg"] });
  });

  it("with the headers of zip64 is read", async () => {
    expect(await readAll(sample("zip64.zip"))).toEqual({ "a.txt": sha256(Buffer.from("calm sea\n".repeat(100))) });
  });

  it.each([
    ["encrypted.zip", { "notes.txt": "ERR_ARCHIVE_ENCRYPTED" }],
    ["bzip2.zip", { "deep/numbers.txt": "ERR_ARCHIVE_METHOD" }],
  ])("%s has an error for each entry that cannot be read", async (name, found) => {
    expect(await readAll(sample(name))).toEqual(found);
  });

  it("refuses names that lead out of it, and reads the other entries", async () => {
    const calm = sha256(Buffer.from("calm sea, calm sea"));
    expect(await readAll(sample("hostile.zip"))).toEqual({
      "../up.txt": "ERR_ENTRY_NAME",
      "/abs.txt": "ERR_ENTRY_NAME",
      "ok.txt": calm,
      "C:/w.txt": "ERR_ENTRY_NAME",
      "a/../../b.txt": "ERR_ENTRY_NAME",
      "dir/back.txt": calm,
    });
    expect(await readAll(sample("hostile.tar"))).toEqual({
      "../up.txt": "ERR_ENTRY_NAME",
      "/abs.txt": "ERR_ENTRY_NAME",
      "ok.txt": sha256(Buffer.from("calm sea")),
    });
  });

  it("stops unpacking an entry that is longer than the archive says", async () => {
    await expect(readAll(sample("bomb.zip"))).rejects.toMatchObject({
      code: "ERR_ARCHIVE_DAMAGED",
      message: expect.stringMatching(/bomb\.txt is damaged: it has more than the 100 bytes/),
    });
  });
});

describe("a damaged archive", () => {
  const cut = (name: string, bytes: number) => fileWith(temp, name, readFileSync(sample(name)).subarray(0, bytes));

  it.each([
    ["gnu.tar", 100, /ends in the header at byte 0/],
    ["gnu.tar", 5000, /ends in the entry sea\/deep\/numbers.txt/],
    ["gnu.tar.gz", 3000, /unexpected end of file; what follows sea\/deep\/ cannot be read/],
    ["gnu.tar.gz", 0, /is damaged/],
    ["deflated.zip", 5000, /End of central directory record signature not found/],
  ])("%s, cut after %i bytes, ends with its reason", async (name, bytes, text) => {
    await expect(readAll(cut(name, bytes))).rejects.toMatchObject({
      code: "ERR_ARCHIVE_DAMAGED",
      message: expect.stringMatching(text),
    });
  });

  it("fails for a byte that changed, by the checksum of its entry", async () => {
    const bytes = Buffer.from(readFileSync(sample("deflated.zip")));
    const path = fileWith(temp, "flipped.zip", bytes);
    for await (const entry of zipEntries(path)) {
      if (entry.name !== "sea/deep/numbers.txt" || !("content" in entry)) continue;
      const { numbers: at } = parseEntryUri((entry.content as UriContent).uri, ["at", "packed"]);
      bytes.writeUInt8(bytes.readUInt8(at.at + 200) ^ 1, at.at + 200);
      writeFileSync(path, bytes);
      await expect(readContent(entry.content)).rejects.toMatchObject({ code: "ERR_ARCHIVE_DAMAGED" });
    }
    expect.assertions(1);
  });

  it("fails for an entry whose archive was replaced", async () => {
    const path = fileWith(temp, "a.zip", readFileSync(sample("deflated.zip")));
    const entries = await allOf(zipEntries(path));
    writeFileSync(path, Buffer.alloc(20_000, 1));
    const entry = entries.find(({ name }) => name === "sea/deep/numbers.txt") as { content: UriContent };
    await expect(readContent(entry.content)).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
  });
});

describe("the URI of an entry", () => {
  it("names the archive, the place and the entry, whatever their names are", () => {
    const uri = "zip:/a%20b/%23%3F.zip?at=3&packed=4#d%C3%A9/x%23.jpg";
    expect(parseEntryUri(uri, ["at", "packed"])).toEqual({
      ...{ path: "/a b/#?.zip", numbers: { at: 3, packed: 4 }, name: "dé/x#.jpg" },
    });
    expect(mapEntryPath(uri, (path) => `/root${path}`)).toBe(uri.replace("/a", "/root/a"));
  });

  it.each(["zip:/a.zip", "zip:/a.zip?at=1#x", "zip:/a.zip?at=-1&packed=2#x", "zip:/%E0%A4.zip?at=1&packed=2#x"])(
    "is refused if it is %s",
    (uri) => {
      expect(() => parseEntryUri(uri, ["at", "packed"])).toThrow(expect.objectContaining({ code: "ERR_ENTRY_URI" }));
    },
  );

  it("reads a part that begins inside the entry", async () => {
    for await (const entry of zipEntries(sample("deflated.zip"))) {
      if (entry.name !== "sea/deep/numbers.txt" || !("content" in entry)) continue;
      const content = entry.content as UriContent;
      const chunks = await allOf(openUri(content, { offset: 5000, length: 20 }));
      expect(Buffer.concat(chunks).toString()).toBe(numbers.slice(5000, 5020));
    }
    expect.assertions(1);
  });
});

const numbersUri = async (): Promise<UriContent> => {
  for await (const entry of zipEntries(sample("deflated.zip")))
    if (entry.name === "sea/deep/numbers.txt" && "content" in entry) return entry.content as UriContent;
  throw new Error("the sample has no such entry");
};

testOpener("zip", async () => ({
  opener: zipOpener,
  uri: (await numbersUri()).uri,
  bytes: Buffer.from(numbers),
  version: (await numbersUri()).version as string,
  missingUri: `zip:${temp}/none.zip?at=0&packed=10&size=10#a`,
}));

testOpener("tgz", async () => ({
  opener: tarGzipOpener,
  uri: `tgz:${sample("gnu.tar.gz")}?at=${await offsetOf("sea/deep/numbers.txt")}#sea/deep/numbers.txt`,
  bytes: Buffer.from(numbers),
  missingUri: `tgz:${temp}/none.tar.gz?at=0#a`,
}));

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The same tar without compression has the same positions. */
async function offsetOf(name: string): Promise<number> {
  for await (const entry of tarEntries(sample("gnu.tar")))
    if (entry.name === name && "content" in entry && "path" in entry.content) return entry.content.offset ?? 0;
  throw new Error("the sample has no such entry");
}
