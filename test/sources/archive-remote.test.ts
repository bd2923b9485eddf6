/** Archives in a bucket and on a web server: read by parts, exactly as the same archive on the disk. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import { entriesOfRemote } from "../../src/formats/archive/open-archive.js";
import { partOf, partOpener } from "../../src/formats/archive/remote-part.js";
import { zipOpener } from "../../src/formats/archive/zip-opener.js";
import { addRemote } from "../../src/formats/remote/add-remote.js";
import { blocksOf } from "../../src/formats/remote/blocks.js";
import {
  type ArchiveOptions,
  archive,
  batch,
  deadLetters,
  flow,
  type Input,
  listInputs,
  transform,
  type UriContent,
  upload,
} from "../../src/index.js";
import { testOpener, testSource } from "../../src/testing/index.js";
import { serve, withRanges } from "../helpers/range-server.js";
import { openS3, type S3Faults, type S3Server, s3Keys } from "../helpers/s3-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const sample = (name: string) => join(import.meta.dirname, "../cases/files/archives", name);
const all = [
  "deflated.zip",
  "stored.zip",
  "zip64.zip",
  "gnu.tar",
  "pax.tar",
  "gnu.tar.gz",
  "hostile.zip",
  "encrypted.zip",
];

const bucketWith = (names: string[], faults?: S3Faults) =>
  openS3(Object.fromEntries(names.map((name) => [`b/${name}`, readFileSync(sample(name))])), faults);
const read = (server: S3Server, name: string, options: ArchiveOptions = {}) =>
  archive(`s3://b/${name}`, { s3: { endpoint: server.url, credentials: s3Keys }, ...options });

/** What a run reports, with the digest of each content. */
async function factsOf(source: ReturnType<typeof archive>, path: string) {
  const inputs: Input[] = [];
  const report = await flow(source)
    .pipe(
      transform((input) => {
        inputs.push(input);
        return input;
      }),
    )
    .run();
  const facts = inputs.map(async ({ id, text, concepts, metadata, image }) => ({
    ...{ id, text, concepts, metadata, width: image?.width },
    bytes: image && (await readContent(image)).toString("base64"),
  }));
  const local = (text: string) => text.replaceAll(path, "ARCHIVE");
  return {
    inputs: await Promise.all(facts),
    failures: report.failures.map(({ code, origin }) => [code, local(origin)]),
    skipped: report.skipped.map(({ reason, count }) => [reason, count]),
  };
}

testSource("archive (bucket)", async () => {
  const server = await bucketWith(["deflated.zip"]);
  const source = () => read(server, "deflated.zip", { include: ["**/*.jpg", "**/hard.txt", "**/numbers.txt"] });
  return { source: source(), ids: (await flow(source()).toArray()).map(({ id }) => id) };
});

const partFixture = async () => {
  const bytes = readFileSync(sample("gnu.tar"));
  const server = await openS3({ "b/a.tar": bytes });
  const { uri } = addRemote("test", "s3://b/a.tar", { s3: { endpoint: server.url, credentials: s3Keys } });
  return { server, uri, bytes };
};

testOpener("part", async () => {
  const { uri, bytes } = await partFixture();
  const missing = addRemote("test", uri.replace(/^s3:\/\/b\/a.tar.*/, "s3://b/none.tar"), {
    s3: { endpoint: decodeURIComponent(uri.split("endpoint=")[1] as string), credentials: s3Keys },
  });
  // Its URIs name no local file.
  const { mapPath: _, ...opener } = partOpener;
  return {
    opener,
    uri: partOf(uri, 512, 3000, "x").uri,
    bytes: bytes.subarray(512, 3512),
    missingUri: partOf(missing.uri, 0, 10, "x").uri,
  };
});

testOpener("zip (bucket)", async () => {
  const server = await bucketWith(["stored.zip"]);
  const { uri } = addRemote("test", "s3://b/stored.zip", { s3: { endpoint: server.url, credentials: s3Keys } });
  for await (const entry of await entriesOfRemote(uri, new AbortController().signal)) {
    if (!entry.name.endsWith("quay.jpg") || !("content" in entry)) continue;
    const content = entry.content as UriContent;
    const { mapPath: _, ...opener } = zipOpener;
    return {
      opener,
      uri: content.uri,
      bytes: await readContent(content),
      version: content.version as string,
      missingUri: content.uri.replace("stored.zip", "none.zip"),
    };
  }
  throw new Error("the sample has no such entry");
});

describe("archive, from a bucket,", () => {
  it.each(all)("%s yields what the archive on the disk yields", async (name) => {
    const server = await bucketWith([name]);
    const remote = await factsOf(read(server, name), `s3://b/${name}`);
    expect(remote).toEqual(await factsOf(archive(sample(name)), sample(name)));
    expect(remote.inputs.length + remote.failures.length).toBeGreaterThan(0);
    expect(server.refusals).toEqual([]);
  });

  it("continues after broken connections and SlowDown", async () => {
    const server = await bucketWith(["stored.zip"], { breaksAfter: 700, breaks: 3, slowDown: 2 });
    expect(await factsOf(read(server, "stored.zip"), "s3://b/stored.zip")).toEqual(
      await factsOf(archive(sample("stored.zip")), sample("stored.zip")),
    );
  });

  it("needs few requests: parts that lie together share blocks", async () => {
    const server = await bucketWith(["deflated.zip"]);
    await factsOf(read(server, "deflated.zip"), "");
    expect(server.requests.length).toBeLessThanOrEqual(3);
  });

  it("fails the entries of an archive that was replaced", async () => {
    const server = await bucketWith(["gnu.tar"]);
    const inputs = await flow(read(server, "gnu.tar", { kinds: ["image"], exclude: "**/nothing.txt" })).toArray();
    server.objects.set("b/gnu.tar", Buffer.alloc(60_000, 1));
    const { uri, version } = (inputs[0] as Input).image as UriContent;
    blocksOf(decodeURIComponent(/^part:([^?]+)/.exec(uri)?.[1] ?? "")).renew("other", 60_000);
    await expect(readContent({ uri, sizeBytes: 100, version })).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
  });

  it("is uploaded exactly, resumed with a journal, and replayed from dead letters", async () => {
    const server = await bucketWith(["deflated.zip"]);
    const { app } = await openStore();
    const folder = temporaryFolder();
    const [journal, letters] = [join(folder, "j"), join(folder, "d.jsonl")];
    let isBroken = true;
    const breaking = transform((input) => {
      if (isBroken) throw new Error("broken");
      return input;
    });
    const source = () => read(server, "deflated.zip", { include: "**/*.jpg" });
    const run = () => flow(source()).pipe(breaking, batch(), upload(app)).run({ journal, deadLetters: letters });
    expect((await run()).counts).toMatchObject({ failed: 1 });
    isBroken = false;
    expect((await flow(deadLetters(letters)).pipe(batch(), upload(app)).run()).counts).toMatchObject({ ok: 1 });
    expect((await run()).counts).toMatchObject({ ok: 0, failed: 0 });
    expect((await run()).counts).toMatchObject({ ok: 0, skipped: 7 });
    expect(await flow(listInputs(app)).toArray()).toHaveLength(1);
    expect(readFileSync(letters, "utf8")).toContain("zip:s3%3A//b/deflated.zip");
  });

  it.each([
    ["none.zip", "ERR_ARCHIVE_UNREADABLE", /s3:\/\/b\/none.zip: HTTP 404 \(NoSuchKey/],
    ["text.zip", "ERR_ARCHIVE_UNREADABLE", /s3:\/\/b\/text.zip is not a zip, tar or tar.gz/],
    ["empty.zip", "ERR_ARCHIVE_UNREADABLE", /is empty/],
  ])("ends the run for %s", async (name, code, message) => {
    const server = await openS3({ "b/text.zip": "calm", "b/empty.zip": "" });
    await expect(flow(read(server, name)).run()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
    });
  });
});

describe("archive, from a web server,", () => {
  const options = { allowPrivate: true };

  it("is read by parts, and its signature is in no origin, URI or error", async () => {
    const url = await serve(withRanges(readFileSync(sample("stored.zip"))));
    const signed = `${url}/stored.zip?X-Amz-Algorithm=a&X-Amz-Signature=hush`;
    const remote = await factsOf(archive(signed, options), `${url}/stored.zip`);
    expect({ ...remote, inputs: remote.inputs.length }).toEqual({
      ...(await factsOf(archive(sample("stored.zip")), sample("stored.zip"))),
      inputs: 5,
    });
    const inputs = await flow(archive(signed, { ...options, exclude: "**/nothing.txt" })).toArray();
    expect(JSON.stringify(inputs)).not.toContain("hush");
  });

  it("must not have a private address, unless the user allows it", async () => {
    const url = await serve(withRanges(readFileSync(sample("stored.zip"))));
    await expect(flow(archive(`${url}/private.zip`)).run()).rejects.toMatchObject({
      code: "ERR_ARCHIVE_UNREADABLE",
      cause: { code: "ERR_ADDRESS_PRIVATE" },
    });
  });

  it("without ranges is refused as a zip, and streamed as a tar.gz", async () => {
    const url = await serve((request, response) => response.end(readFileSync(sample(request.url?.slice(1) ?? ""))));
    const error = await flow(archive(`${url}/stored.zip`, options))
      .run()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: "ERR_ARCHIVE_UNREADABLE",
      cause: { code: "ERR_REMOTE_RANGES" },
      message: expect.stringMatching(/download the file/),
    });
    expect(await factsOf(archive(`${url}/gnu.tar.gz`, options), `${url}/gnu.tar.gz`)).toEqual(
      await factsOf(archive(sample("gnu.tar.gz")), sample("gnu.tar.gz")),
    );
  });

  it("that changes while it is read fails", async () => {
    let tag = "1";
    const url = await serve(withRanges(Buffer.concat([readFileSync(sample("gnu.tar"))]), () => tag));
    const [input] = await flow(archive(`${url}/gnu.tar`, { ...options, include: "**/*.jpg" })).toArray();
    const { uri, sizeBytes, version } = (input as Input).image as UriContent;
    tag = "2";
    blocksOf(`${url}/gnu.tar`).renew("1", undefined);
    blocksOf(`${url}/gnu.tar`).renew("1", 60_000);
    await expect(readContent({ uri, sizeBytes, version })).rejects.toMatchObject({ code: "ERR_FILE_CHANGED" });
  });
});
