import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inputsBody } from "../../../src/clarifai/wire/body.js";
import { type ContentHasher, loadHasher } from "../../../src/clarifai/wire/content-hash.js";
import { encodeInput } from "../../../src/clarifai/wire/encode-input.js";
import type { Input } from "../../../src/index.js";

let folder: string;
let hasher: ContentHasher;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-body-"));
  hasher = await loadHasher();
});
afterAll(() => rm(folder, { recursive: true }));

const base = { concepts: [], metadata: {}, annotations: [], datasets: [] };

async function file(name: string, bytes: Buffer): Promise<Input> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { ...base, id: name, image: { path, sizeBytes: bytes.length } };
}

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, n) => (n * 31 + (n >> 8)) & 255));
}

function textOf(body: { chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array> }): string {
  // A chunk is valid until the next one is requested.
  const chunks: Buffer[] = [];
  for (const chunk of body.chunks() as Iterable<Uint8Array>) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString("utf8");
}

interface Sent {
  inputs: {
    id: string;
    data: { image?: { base64: string }; metadata: Record<string, string>; text?: { raw: string } };
  }[];
}

describe("inputsBody", () => {
  it("has exactly the announced length, is valid JSON, and contains every byte, at sizes around its slices", async () => {
    const sizes = [1, 2, 3, 49_151, 49_152, 49_153, 196_607, 196_608, 196_609, 262_144, 500_001];
    const inputs = await Promise.all(sizes.map((size) => file(`f${size}`, pattern(size))));
    inputs.push({ ...base, id: "t", text: "grüße \u2028 😀 ".repeat(40_000) });
    const body = inputsBody('{"inputs":[', inputs.map(encodeInput), "]}", hasher);
    const text = textOf(body);
    expect(Buffer.byteLength(text)).toBe(body.length);
    const sent = JSON.parse(text) as Sent;
    sizes.forEach((size, index) => {
      const decoded = Buffer.from(sent.inputs[index]?.data.image?.base64 ?? "", "base64");
      expect(decoded.equals(pattern(size))).toBe(true);
    });
    expect(sent.inputs.at(-1)?.data.text?.raw).toBe(inputs.at(-1)?.text);
  });

  it("is the same on each attempt", async () => {
    const body = inputsBody('{"inputs":[', [encodeInput(await file("again", pattern(300_000)))], "]}", hasher);
    expect(textOf(body)).toBe(textOf(body));
  });

  it("gives the same content the same content hash, as one slice or many, as file or as bytes", async () => {
    for (const size of [1000, 300_000]) {
      const bytes = pattern(size);
      const inputs: Input[] = [await file(`p${size}`, bytes), { ...base, id: "b", image: { bytes } }];
      const { inputs: sent } = JSON.parse(
        textOf(inputsBody('{"inputs":[', inputs.map(encodeInput), "]}", hasher)),
      ) as Sent;
      const [first, second] = sent.map((input) => input.data.metadata.sluice_fingerprint);
      expect(first).toMatch(/^[0-9a-f]{16}$/);
      expect(first).toBe(second);
    }
  });

  it.each(["shrinks", "grows", "vanishes"])("names the file that %s after it was measured", async (change) => {
    for (const size of [5000, 300_000]) {
      const steady = await file("steady", pattern(100));
      const input = await file(`changed${size}`, pattern(size));
      const path = join(folder, input.id);
      if (change === "shrinks") await truncate(path, size - 1);
      if (change === "grows") await appendFile(path, "x");
      if (change === "vanishes") await rm(path);
      const body = inputsBody("[", [steady, input].map(encodeInput), "]", hasher);
      const code = change === "vanishes" ? "ERR_FILE_UNREADABLE" : "ERR_FILE_CHANGED";
      expect(() => textOf(body)).toThrow(expect.objectContaining({ index: 1, code }));
    }
  });
});
