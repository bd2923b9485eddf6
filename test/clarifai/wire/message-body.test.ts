/** The messages of the binary wire, read by the classes that the vendor generated from its definition. */

import { appendFile, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplayableBody } from "../../../src/clarifai/client/call.js";
import {
  type ContentHasher,
  contentHashText,
  digestOfInput,
  loadHasher,
} from "../../../src/clarifai/wire/content-hash.js";
import { encodeInput } from "../../../src/clarifai/wire/encode-input.js";
import { decodeInputsAnswer } from "../../../src/clarifai/wire/protobuf/decode-answer.js";
import { encodeMessage } from "../../../src/clarifai/wire/protobuf/encode-message.js";
import { inputsMessage } from "../../../src/clarifai/wire/protobuf/message-body.js";
import { restWire } from "../../../src/clarifai/wire/upload-wire.js";
import type { Input, Json } from "../../../src/index.js";
import { propertyRuns } from "../../helpers/long.js";
import { inputsAnswer, postedJson } from "../../helpers/proto-messages.js";

let folder: string;
let hasher: ContentHasher;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sluice-message-"));
  hasher = await loadHasher();
});
afterAll(() => rm(folder, { recursive: true }));

const base = { concepts: [], metadata: {}, annotations: [], datasets: [] };
const request = { userId: "me", appId: "größe", jobId: "job-1" };

async function file(name: string, bytes: Buffer): Promise<Input> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return { ...base, id: name, image: { path, sizeBytes: bytes.length } };
}

function pattern(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, n) => (n * 31 + (n >> 8)) & 255));
}

function bytesOf(body: ReplayableBody): Buffer {
  // A chunk is valid until the next one is requested.
  return Buffer.concat(Array.from(body.chunks() as Iterable<Uint8Array>, (chunk) => Buffer.from(chunk)));
}

/** Sends inputs over both wires, and returns what a server reads: from the message and from the JSON. */
function onBothWires(inputs: readonly Input[], suffix = false) {
  const body = inputsMessage({ ...request, suffix }, inputs.map(encodeMessage), hasher);
  const sent = bytesOf(body);
  expect(sent.length).toBe(body.length);
  expect([sent[0], sent.readUInt32BE(1)]).toEqual([0, sent.length - 5]);
  const json = bytesOf(restWire.body({ ...request, suffix }, inputs.map(encodeInput), hasher)).toString("utf8");
  return { message: postedJson(sent.subarray(5)), json: JSON.parse(json) as unknown };
}

describe("the message of PostInputs", () => {
  it("has exactly the announced length and every byte, at sizes around its chunks", async () => {
    const sizes = [1, 2, 65_535, 65_536, 65_537, 262_143, 262_144, 262_145, 524_288, 1_000_001, 3, 131_072, 200_000];
    const inputs = await Promise.all(sizes.map((size) => file(`f${size}`, pattern(size))));
    inputs.push(...sizes.map((size) => ({ ...base, id: `m${size}`, audio: { bytes: pattern(size) } })));
    const { message, json } = onBothWires(inputs);
    expect(message.body).toEqual(json);
    expect([message.userId, message.appId]).toEqual(["me", "größe"]);
  });

  it("has the fields of the JSON, for every kind of input", () => {
    const inputs: Input[] = [
      { ...base, id: "text", text: "grüße \u2028 😀 ".repeat(40_000), metadata: { a: 1 } },
      { ...base, id: "url", image: { url: "https://example.com/a.jpg" }, text: "of an image", datasets: ["d", "e"] },
      { ...base, id: "text-url", textUrl: "https://example.com/a.txt", geo: { longitude: 0, latitude: -12.5 } },
      {
        ...base,
        id: "video",
        video: { bytes: pattern(70_000) },
        concepts: [{ id: "c" }, { id: "d", name: "D", value: 0 }, { id: "e", value: 0.9 }],
        metadata: { deep: [{ list: [null, true, [], {}] }], "": "", n: -1.5e300, big: 9007199254740991 },
      },
    ];
    const { message, json } = onBothWires(inputs, true);
    expect(message.body).toEqual(json);
  });

  it("has the metadata of the JSON, whatever they are", () => {
    const metadata = fc.dictionary(
      fc.string({ unit: "grapheme" }),
      fc.jsonValue({ maxDepth: 4 }) as fc.Arbitrary<Json>,
      {
        noNullPrototype: true,
      },
    );
    fc.assert(
      fc.property(metadata, fc.string({ unit: "grapheme" }), (given, text) => {
        fc.pre(!JSON.stringify(given).includes("__proto__")); // the vendor's reader of objects loses this key at any depth
        const { message, json } = onBothWires([{ ...base, id: "a", text, metadata: given }]);
        expect(message.body).toEqual(json);
      }),
      propertyRuns(400),
    );
  });

  it("has keys that objects treat in their own way", () => {
    const metadata = JSON.parse('{"deep":{"__proto__":1}}') as { [key: string]: Json };
    const sent = bytesOf(inputsMessage(request, [encodeMessage({ ...base, id: "a", text: "-", metadata })], hasher));
    expect(sent.includes("__proto__")).toBe(true);
  });

  it("is the same on each attempt", async () => {
    const body = inputsMessage(request, [encodeMessage(await file("again", pattern(300_000)))], hasher);
    expect(bytesOf(body).equals(bytesOf(body))).toBe(true);
  });

  it("has the content hash of the JSON, as file or as bytes", async () => {
    const bytes = pattern(300_000);
    const text: Input = { ...base, id: "t", text: "calm" };
    const { message } = onBothWires([await file("p", bytes), { ...base, id: "b", image: { bytes } }, text]);
    const hashes = message.body.inputs.map(
      ({ data }) => (data as { metadata: Record<string, string> }).metadata.sluice_fingerprint,
    );
    expect(hashes).toEqual([
      contentHashText(hasher.h64Raw(bytes)),
      contentHashText(hasher.h64Raw(bytes)),
      contentHashText(digestOfInput(hasher, text)),
    ]);
  });

  it.each(["shrinks", "grows", "vanishes"])("names the file that %s after it was measured", async (change) => {
    for (const size of [5000, 65_537, 262_144, 300_000]) {
      const steady = await file("steady", pattern(100));
      const input = await file(`changed${size}`, pattern(size));
      const path = join(folder, input.id);
      if (change === "shrinks") await truncate(path, size - 1);
      if (change === "grows") await appendFile(path, "x");
      if (change === "vanishes") await rm(path);
      const body = inputsMessage(request, [steady, input].map(encodeMessage), hasher);
      const code = change === "vanishes" ? "ERR_FILE_UNREADABLE" : "ERR_FILE_CHANGED";
      expect(() => bytesOf(body)).toThrow(expect.objectContaining({ index: 1, code }));
    }
  });

  it("refuses half a surrogate pair, which protobuf would replace", () => {
    for (const input of [
      { ...base, id: "a", text: "\ud800" },
      { ...base, id: "a", text: "-", metadata: { "\udc00": 1 } },
    ]) {
      expect(() => encodeMessage(input)).toThrow(expect.objectContaining({ code: "ERR_TEXT_ENCODING" }));
    }
  });

  it("refuses metadata that are nested deeper than readers of protobuf accept", () => {
    let metadata: { [key: string]: Json } = {};
    for (let depth = 0; depth < 40; depth += 1) metadata = { metadata };
    expect(() => encodeMessage({ ...base, id: "a", text: "-", metadata })).toThrow(
      expect.objectContaining({ code: "ERR_METADATA" }),
    );
  });
});

describe("the answer to PostInputs", () => {
  it("has the statuses of the JSON", () => {
    const status = { code: 10010, description: "Mixed Success", details: "größe", req_id: "r1" };
    const inputs = [
      { id: "a", data: {}, status: { code: 30000, description: "Download complete" } },
      { id: "b", data: {}, status },
    ];
    expect(decodeInputsAnswer(inputsAnswer({ status, inputs }))).toMatchObject({
      status,
      inputs: [
        { id: "a", status: { code: 30000 } },
        { id: "b", status },
      ],
    });
  });

  it("is refused if it is no message", () => {
    expect(() => decodeInputsAnswer(Buffer.from("<html>"))).toThrow();
  });
});
