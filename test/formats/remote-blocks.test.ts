/** The memory of remote files: a bound that holds for any number of files and readers. */

import { describe, expect, it, onTestFinished } from "vitest";
import { addRemote } from "../../src/formats/remote/add-remote.js";
import { blockBytes, heldBytes, maxBlocks } from "../../src/formats/remote/block-cache.js";
import { blocksOf } from "../../src/formats/remote/blocks.js";
import { findRemote } from "../../src/formats/remote/find-remote.js";
import { openS3, s3Keys } from "../helpers/s3-server.js";

const size = 60_000_000;
const signal = new AbortController().signal;

async function openFile() {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4096) bytes.writeUInt32LE(at, at);
  const server = await openS3({ "b/a.bin": bytes });
  const { uri } = addRemote("test", "s3://b/a.bin", { s3: { endpoint: server.url, credentials: s3Keys } });
  await findRemote(uri, signal);
  onTestFinished(() => blocksOf(uri).renew(undefined, undefined));
  return { server, bytes, file: blocksOf(uri) };
}

async function bytesOf(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const found: Buffer[] = [];
  for await (const chunk of chunks) found.push(chunk);
  return found;
}

describe("the blocks of remote files", () => {
  it("stay below their limit while a file is read from its start to its end, with few requests", async () => {
    const { server, bytes, file } = await openFile();
    let most = 0;
    for (let offset = 0; offset < size; offset += 100_000) {
      const found = Buffer.concat(await bytesOf(file.read({ offset, length: 100_000 })));
      if (!found.equals(bytes.subarray(offset, offset + 100_000))) throw new Error(`other bytes at ${offset}`);
      most = Math.max(most, heldBytes());
    }
    expect(most).toBeGreaterThan(8 * blockBytes); // it reads ahead
    expect(most).toBeLessThanOrEqual(maxBlocks * blockBytes);
    expect(server.requests.length).toBeLessThan(40);
  });

  it("stay below their limit for many readers at distant places, and each reader gets its bytes", async () => {
    const { bytes, file } = await openFile();
    let most = 0;
    const readers = Array.from({ length: 40 }, async (_, nth) => {
      for (let step = 0; step < 12; step += 1) {
        const offset = nth * 1_480_000 + step * 120_000;
        const found = Buffer.concat(await bytesOf(file.read({ offset, length: 120_000 })));
        if (!found.equals(bytes.subarray(offset, offset + 120_000))) throw new Error(`other bytes at ${offset}`);
        most = Math.max(most, heldBytes());
      }
    });
    await Promise.all(readers);
    expect(most).toBeLessThanOrEqual((maxBlocks + readers.length) * blockBytes);
  });

  it("are not kept by whoever keeps a small part of them", async () => {
    const { file } = await openFile();
    const [small] = await bytesOf(file.read({ offset: 1000, length: 5000 }));
    expect(small).toHaveLength(5000);
    expect(small?.buffer.byteLength).toBeLessThan(10_000);
  });

  it("that a request brings are requested once, also when many readers wait for them", async () => {
    const { server, file } = await openFile();
    const before = server.requests.length;
    await Promise.all(Array.from({ length: 50 }, (_, nth) => bytesOf(file.read({ offset: nth * 100, length: 100 }))));
    expect(server.requests.length - before).toBe(1);
  });
});
