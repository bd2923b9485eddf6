/**
 * A zip of many photographs in a bucket, uploaded by a program that is killed several times and resumed: each photograph is there once, byte for byte.
 *
 * `npm run test:long` does it with 50,000 (SLUICE_TEST_PHOTOS). SLUICE_TEST_S3 (an endpoint), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY name another server than the one of the
 * tests, with a bucket `photos`.
 */

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { crc32, deflateRawSync } from "node:zlib";
import { sign } from "aws4";
import { expect, it, onTestFinished } from "vitest";
import { idOfFile } from "../../src/core/input/ids.js";
import { startEmulator } from "../../src/emulator/index.js";
import { connect, defineSink, flow, type Input, listInputs, readContent, type UriContent } from "../../src/index.js";
import type { BucketChildOptions } from "../helpers/bucket-child.js";
import { bundle } from "../helpers/children.js";
import { exampleBytes } from "../helpers/files.js";
import { isLong } from "../helpers/long.js";
import { s3Keys, startS3 } from "../helpers/s3-server.js";

const count = isLong ? Number(process.env.SLUICE_TEST_PHOTOS ?? 50_000) : 300;
const kills = isLong ? 5 : 1;
const base = exampleBytes("harbour/quay.jpg");

/** A photograph of its own: the same pixels, and a comment of up to 6 KB that no other has. */
function photoOf(n: number): Buffer {
  const comment = Buffer.concat(
    Array.from({ length: 1 + (n % 190) }, (_, part) => createHash("sha256").update(`${n} ${part}`).digest()),
  );
  const head = Buffer.from([0xff, 0xfe, (comment.length + 2) >> 8, (comment.length + 2) & 0xff]);
  return Buffer.concat([base.subarray(0, 2), head, comment, base.subarray(2)]);
}

/** Writes a zip with every second photograph compressed, and returns it with the digest of each by id. */
function zipOfPhotos(): { zip: Buffer; digests: Map<string, string> } {
  const digests = new Map<string, string>();
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (let n = 0; n < count; n += 1) {
    const name = `album-${n % 100}/photo-${n}.jpg`;
    const bytes = photoOf(n);
    const method = n % 2 === 0 ? 0 : 8;
    const packed = method === 0 ? bytes : deflateRawSync(bytes, { level: 1 });
    digests.set(idOfFile("photos.zip", name), createHash("sha256").update(bytes).digest("hex"));
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(crc32(bytes), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(bytes.length, 18);
    fields.writeUInt16LE(name.length, 22);
    const entry = Buffer.alloc(16);
    entry.writeUInt32LE(at, 12 - 2);
    parts.push(Buffer.from("PK\x03\x04"), fields, Buffer.from(name), packed);
    directory.push(Buffer.from("PK\x01\x02\x14\x00", "latin1"), fields, entry.subarray(0, 14), Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", 0, "latin1");
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(entries.length, 12);
  end.writeUInt32LE(at, 16);
  return { zip: Buffer.concat([...parts, entries, end]), digests };
}

/** Puts the archive into a bucket: of the server of the tests, or of the one that the environment names. */
async function bucketWith(
  zip: Buffer,
): Promise<{ endpoint: string; keys: Record<string, string>; requests(): number }> {
  const { SLUICE_TEST_S3: endpoint, AWS_ACCESS_KEY_ID = "", AWS_SECRET_ACCESS_KEY = "" } = process.env;
  if (endpoint === undefined) {
    const server = await startS3({ "photos/photos.zip": zip });
    onTestFinished(() => server.close());
    const keys = { AWS_ACCESS_KEY_ID: s3Keys.accessKeyId, AWS_SECRET_ACCESS_KEY: s3Keys.secretAccessKey };
    return { endpoint: server.url, keys, requests: () => server.requests.length };
  }
  const { host } = new URL(endpoint);
  const unsigned = {
    host,
    path: "/photos/photos.zip",
    method: "PUT",
    service: "s3",
    region: "us-east-1",
    headers: { "X-Amz-Content-Sha256": "UNSIGNED-PAYLOAD" },
  };
  const { headers } = sign(unsigned, { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY });
  const { Host: _, ...rest } = headers as Record<string, string>;
  const answer = await fetch(`${endpoint}/photos/photos.zip`, {
    method: "PUT",
    headers: rest,
    body: new Uint8Array(zip),
  });
  expect(answer.status).toBe(200);
  return { endpoint, keys: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }, requests: () => Number.NaN };
}

/** Runs the program, and kills it after some inputs. Returns its last line, or undefined if it was killed. */
async function start(
  options: BucketChildOptions,
  keys: Record<string, string>,
  killAfter?: number,
): Promise<string | undefined> {
  const child = spawn(process.execPath, [bundle("bucket-child"), JSON.stringify(options)], {
    env: { ...process.env, ...keys },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let last: string | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    last = line;
    if (killAfter !== undefined && Number(line) >= killAfter) child.kill("SIGKILL");
  });
  const [code] = await once(child, "close");
  return code === null ? undefined : last;
}

it(`a zip of ${count} photographs in a bucket is uploaded exactly by a program that is killed ${kills} times`, {
  timeout: 3_600_000,
}, async () => {
  const { zip, digests } = zipOfPhotos();
  const bucket = await bucketWith(zip);
  const folder = mkdtempSync(join(tmpdir(), "sluice-bucket-kill-"));
  onTestFinished(() => rmSync(folder, { recursive: true }), 600_000);
  const store = await startEmulator({ data: join(folder, "store") });
  onTestFinished(() => store.close());
  const journal = join(folder, "journal");
  const options = { url: store.url, endpoint: bucket.endpoint, uri: "s3://photos/photos.zip", journal };
  const began = performance.now();
  for (let kill = 0; kill < kills; kill += 1) {
    expect(await start(options, bucket.keys, Math.floor(count / (kills + 2)))).toBeUndefined();
  }
  const last = JSON.parse((await start(options, bucket.keys)) ?? "{}") as {
    counts: Record<string, number>;
    maxRssMb: number;
  };
  const seconds = Math.round((performance.now() - began) / 1000);
  expect(last.counts).toMatchObject({ read: count, failed: 0, pending: 0 });
  if (isLong) console.info({ bytes: zip.length, requests: bucket.requests(), seconds, ...last });
  const app = await connect({ baseUrl: store.url, pat: "any", appId: "main" });
  onTestFinished(() => app.close());
  const stored = new Map<string, string>();
  const digesting = defineSink({
    name: "digest",
    readsContents: true,
    batch: { maxItems: 32 },
    async write({ inputs }) {
      const digest = async ({ id, image }: Input) =>
        stored.set(
          id,
          createHash("sha256")
            .update(await readContent(image as UriContent))
            .digest("hex"),
        );
      await Promise.all(inputs.map(digest));
    },
  });
  const listed = await flow(listInputs(app)).pipe(digesting()).run();
  expect(listed.counts).toMatchObject({ read: count, ok: count });
  expect(stored).toEqual(digests);
});
