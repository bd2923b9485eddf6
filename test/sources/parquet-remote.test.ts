/** Parquet files in a bucket and on a web server: the same inputs as from the same file on the disk. */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readContent } from "../../src/core/input/content.js";
import { flow, type Input, type ParquetOptions, parquet, upload } from "../../src/index.js";
import { testSource } from "../../src/testing/index.js";
import { serve, withRanges } from "../helpers/range-server.js";
import { openS3, type S3Faults, type S3Server, s3Keys } from "../helpers/s3-server.js";
import { openStore, temporaryFolder } from "../helpers/store.js";

const sample = (name: string) => readFileSync(join(import.meta.dirname, "../cases/files/parquet", `${name}.parquet`));
const bytes = sample("hugging-face");

const bucketWith = (faults?: S3Faults) => openS3({ "b/set/hf.parquet": bytes }, faults);
const read = (server: S3Server, options: ParquetOptions = {}) =>
  parquet("s3://b/set/hf.parquet", { s3: { endpoint: server.url, credentials: s3Keys }, ...options });

async function factsOf(source: ReturnType<typeof parquet>) {
  const inputs: Input[] = await flow(source).toArray();
  const facts = inputs.map(async ({ id, concepts, metadata, image }) => ({
    ...{ id, concepts: concepts.map((concept) => concept.id), metadata, width: image?.width },
    bytes: image && (await readContent(image)).toString("base64"),
  }));
  return Promise.all(facts);
}

/** Reads the same file on the disk, in a folder of the same name. */
function factsOnDisk(folder: string) {
  const path = join(temporaryFolder(), folder);
  mkdirSync(path);
  writeFileSync(join(path, "hf.parquet"), bytes);
  return factsOf(parquet(join(path, "hf.parquet")));
}

testSource("parquet (bucket)", async () => {
  const server = await bucketWith();
  return { source: read(server), ids: (await flow(read(server)).toArray()).map(({ id }) => id) };
});

describe("a remote Parquet file", () => {
  it("in a bucket is that on the disk: ids, images, classes and metadata", async () => {
    const server = await bucketWith();
    const found = await factsOf(read(server));
    expect(found).toHaveLength(5);
    expect(found).toEqual(await factsOnDisk("set"));
    expect(server.refusals).toEqual([]);
  });

  it("on a web server is that on the disk, and its signature is in no id", async () => {
    const url = await serve(withRanges(bytes));
    const found = await factsOf(parquet(`${url}/set/hf.parquet?X-Amz-Signature=secret`, { allowPrivate: true }));
    expect(found).toEqual(await factsOnDisk("set"));
    expect(JSON.stringify(found)).not.toContain("secret");
  });

  it("continues after broken connections and SlowDown", async () => {
    const server = await bucketWith({ slowDown: 1, breaksAfter: 700, breaks: 2 });
    expect(await factsOf(read(server))).toEqual(await factsOnDisk("set"));
  });

  it("is uploaded, and resumed with a journal that has no secret, without a request for its rows", async () => {
    const server = await bucketWith();
    const { app } = await openStore();
    const journal = join(temporaryFolder(), "journal");
    const run = () => flow(read(server)).pipe(upload(app)).run({ journal });
    expect((await run()).counts).toMatchObject({ ok: 5, failed: 0 });
    expect((await run()).counts).toMatchObject({ read: 5, skipped: 5 });
    expect(readFileSync(journal, "utf8")).not.toContain(s3Keys.secretAccessKey);
    server.objects.set("b/set/hf.parquet", sample("types"));
    await expect(run()).resolves.toMatchObject({ counts: { skipped: 0 } }); // another file under the name
  });

  it("that changes while it is read fails, and is not mixed with the other one", async () => {
    let requests = 0;
    const url = await serve(withRanges(bytes, () => ((requests += 1) > 1 ? "2" : "1")));
    await expect(flow(parquet(`${url}/hf.parquet`, { allowPrivate: true })).run()).rejects.toMatchObject({
      code: "ERR_FILE_CHANGED",
    });
  });

  it("ends the run on a server without ranges, with a private address, and if it does not exist", async () => {
    const url = await serve((_, response) => response.end(bytes));
    await expect(flow(parquet(`${url}/hf.parquet`, { allowPrivate: true })).run()).rejects.toMatchObject({
      code: "ERR_REMOTE_RANGES",
    });
    await expect(flow(parquet(`${url}/hf.parquet`)).run()).rejects.toMatchObject({ code: "ERR_ADDRESS_PRIVATE" });
    const server = await bucketWith();
    const missing = parquet("s3://b/none.parquet", { s3: { endpoint: server.url, credentials: s3Keys } });
    await expect(flow(missing).run()).rejects.toMatchObject({ name: "SourceError", code: "ERR_S3_NO_OBJECT" });
  });
});
