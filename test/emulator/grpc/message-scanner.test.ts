import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { loadDefinitions } from "../../../src/emulator/grpc/definitions/definitions.js";
import { mediaFieldsOf } from "../../../src/emulator/grpc/media-fields.js";
import { MessageScanner } from "../../../src/emulator/grpc/message-scanner.js";
import { answerBytes, requestJson } from "../../../src/emulator/grpc/request-json.js";

const { registry } = loadDefinitions();
const desc = registry.getMessage("clarifai.api.PostInputsRequest");
if (!desc) throw new Error("no PostInputsRequest");
const fields = mediaFieldsOf(desc);

const image = Buffer.from(Array.from({ length: 700 }, (_, index) => index % 251));
const request = {
  user_app_id: { user_id: "me", app_id: "main" },
  inputs_add_job_id: "job",
  inputs: [
    {
      id: "a",
      dataset_ids: ["train", "test"],
      data: {
        image: { base64: image.toString("base64"), allow_duplicate_url: true },
        concepts: [{ id: "cat", value: 1 }],
        metadata: { base64: "stays", nested: { inputs: [1, null, "two"] } },
        regions: [{ region_info: { mask: { image: { base64: Buffer.from("mask").toString("base64") } } } }],
      },
    },
    { id: "b", data: { text: { raw: "calm sea" } } },
    { id: "c", data: { video: { base64: image.subarray(0, 1).toString("base64") } } },
  ],
};

/** Scans a message in chunks, and returns what remained as JSON, and the hashes of the media. */
function scan(bytes: Buffer, chunkBytes: number) {
  const media: string[] = [];
  const scanner = new MessageScanner(bytes.length, fields, () => {
    const hash = createHash("sha256");
    return {
      write: (piece) => void hash.update(piece),
      end: () => `media:${media.push(hash.digest("hex")) - 1}`,
    };
  });
  for (let at = 0; at < bytes.length; at += chunkBytes) scanner.write(bytes.subarray(at, at + chunkBytes));
  return { json: requestJson(desc as NonNullable<typeof desc>, scanner.end(), registry), media };
}

const encoded = Buffer.from(answerBytes(desc, request as never, registry));
const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
const placeholder = (index: number) => Buffer.from(`media:${index}`).toString("base64");

describe("MessageScanner", () => {
  it.each([1, 2, 3, 7, 64, 1000, 100_000])("takes out the media, and keeps the rest, in chunks of %i bytes", (size) => {
    const { json, media } = scan(encoded, size);
    expect(media).toEqual([sha256(image), sha256(image.subarray(0, 1))]);
    const [a, b, c] = request.inputs;
    expect(json).toEqual({
      ...request,
      inputs: [
        { ...a, data: { ...a?.data, image: { base64: placeholder(0), allow_duplicate_url: true } } },
        b,
        { ...c, data: { video: { base64: placeholder(1) } } },
      ],
    });
  });

  it("keeps fields that the definition does not have out of the request", () => {
    // Fields 1000 to 1002 of the request: a number, 8 bytes, and a text.
    const unknown = Buffer.from([0xc0, 0x3e, 0x96, 0x01, 0xc9, 0x3e, ...Buffer.alloc(8, 1), 0xd2, 0x3e, 2, 0x61, 0x62]);
    expect(scan(Buffer.concat([unknown, encoded, unknown]), 5)).toEqual(scan(encoded, 5));
  });

  it("merges the parts of a message that is sent in several parts, as protobuf defines it", () => {
    const second = Buffer.from(answerBytes(desc, { inputs_add_job_id: "other" }, registry));
    expect(scan(Buffer.concat([encoded, second]), 11).json.inputs_add_job_id).toBe("other");
  });

  it.each([
    ["ends within a field", encoded.subarray(0, encoded.length - 1)],
    ["has a field that is longer than its message", Buffer.from([0x12, 0x7f, 0x0a])],
    ["has a number that is too long", Buffer.alloc(20, 0xff)],
    ["has a group", Buffer.from([0x13, 0x14])],
    ["has an inner field that is longer than its message", Buffer.from([0x12, 0x02, 0x0a, 0x7f, 0x00, 0x00])],
  ])("refuses a message that %s", (_, bytes) => {
    expect(() => scan(bytes, 3)).toThrow(/the message is not valid protobuf/);
  });
});
