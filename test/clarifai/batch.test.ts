import fc from "fast-check";
import { from, lastValueFrom, toArray } from "rxjs";
import { describe, expect, it } from "vitest";
import { uploadPolicy, uploadPolicyOf } from "../../src/clarifai/batch-policy.js";
import { WireChoice } from "../../src/clarifai/client/wire-choice.js";
import { encodeInput } from "../../src/clarifai/wire/encode-input.js";
import { encodeMessage } from "../../src/clarifai/wire/protobuf/encode-message.js";
import { Message } from "../../src/core/accounting/message.js";
import { RunContext } from "../../src/core/accounting/run-context.js";
import { kindOf } from "../../src/core/input/input.js";
import { batchBy } from "../../src/core/plugin/batch/batch-by.js";
import { batch, flow, type Input, type InputDraft, limits } from "../../src/index.js";
import { sinkOf, texts } from "../helpers/flows.js";
import { loadGrpc } from "../helpers/load-grpc.js";
import { isLong } from "../helpers/long.js";
import { type Wire, wires } from "../helpers/store.js";

const base = { concepts: [], metadata: {}, annotations: [], datasets: [] };

/** Files that do not exist: batching uses only their recorded size. */
function file(id: string, kind: "image" | "audio" | "video", sizeBytes: number): Input {
  const mimeType = { image: "image/jpeg", audio: "audio/wav", video: "video/mp4" }[kind];
  return { ...base, id, [kind]: { path: `/none/${id}`, sizeBytes, mimeType } };
}

/** The policies of the two wires. */
const choices = { rest: new WireChoice(), grpc: loadGrpc("http://127.0.0.1:9").choice };

/** Groups inputs as an upload over the wire does. Default: as `batch()` does, which does not know the wire. */
async function batches(inputs: readonly Input[], wire?: Wire): Promise<{ batches: Input[][]; context: RunContext }> {
  const context = new RunContext();
  const messages = inputs.map((input) => Message.read(context, input.id, input));
  const grouping = wire
    ? batchBy({ ...uploadPolicyOf(choices[wire]), maxWaitMs: 60_000 })
    : batch({ maxWaitMs: 60_000 });
  const made = await lastValueFrom(from(messages).pipe(grouping, toArray()));
  return { batches: made.map((list) => list.map((message) => message.value)), context };
}

function wireBytes(inputs: readonly Input[], wire: Wire): number {
  const encode = wire === "rest" ? encodeInput : encodeMessage;
  return inputs.reduce((sum, input) => sum + encode(input).bytes + 1, 0) + 60;
}

const size = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 200_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200_000, max: 5_000_000 }) },
  { weight: 2, arbitrary: fc.integer({ min: 5_000_000, max: 21_000_000 }) },
);
const item = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("image" as const), size }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("audio" as const), size }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("video" as const), size: fc.integer({ min: 1, max: 130_000_000 }) }),
  },
);

const streams = isLong ? { count: 100_000, maxLength: 60 } : { count: 200, maxLength: 300 };

describe.each(wires)("batches of an upload over %s", (wire) => {
  it("never exceeds a limit, loses nothing, and fails what can never fit, on random streams", {
    timeout: 1_200_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: streams.maxLength }), async (items) => {
        const inputs = items.map((entry, n) => file(`i${n}`, entry.kind, entry.size));
        const { batches: made, context } = await batches(inputs, wire);
        for (const list of made) {
          expect(list.length).toBeLessThanOrEqual(limits.maxInputsPerRequest);
          const videos = list.filter((input) => kindOf(input) === "video");
          if (videos.length > 0) expect(list).toHaveLength(1);
          else expect(wireBytes(list, wire)).toBeLessThan(limits.maxRequestBytes);
        }
        const fits = inputs.filter((input) => {
          const { mediaBytes } = encodeInput(input);
          const kind = kindOf(input) ?? "text";
          // The sink sends a larger video in parts.
          return kind === "video" ? mediaBytes <= limits.maxLargeVideoBytes : mediaBytes < limits.maxItemBytes[kind];
        });
        expect(
          made
            .flat()
            .map((input) => input.id)
            .sort(),
        ).toEqual(fits.map((input) => input.id).sort());
        expect(context.accounting.ledger.counts.failed).toBe(inputs.length - fits.length);
      }),
      { numRuns: streams.count },
    );
  });

  it("fills its batches to 95 % of what the limits allow", async () => {
    let filled = 0;
    let possible = 0;
    const sizes = fc.sample(size, 20_000).filter((bytes) => bytes < limits.maxItemBytes.image);
    for (let at = 0; at < sizes.length; at += 4000) {
      const inputs = sizes.slice(at, at + 4000).map((bytes, n) => file(`i${n}`, "image", bytes));
      const { batches: made } = await batches(inputs, wire);
      for (const list of made.slice(0, -5)) {
        filled += Math.max(list.length / limits.maxInputsPerRequest, wireBytes(list, wire) / limits.maxRequestBytes);
        possible += 1;
      }
    }
    expect(filled / possible).toBeGreaterThan(0.95);
  });
});

describe("batch", () => {
  it("has at most 128 MB of files, whatever the wire", async () => {
    const inputs = Array.from({ length: 26 }, (_, n) => file(`i${n}`, "image", 10_000_000));
    const { batches: made } = await batches(inputs);
    expect(made.map((list) => list.length)).toEqual([12, 12, 2]);
  });

  it("with maxBytes, counts the bytes as REST encodes them", async () => {
    const context = new RunContext();
    const inputs = Array.from({ length: 6 }, (_, n) => file(`i${n}`, "image", 3_000_000));
    const messages = inputs.map((input) => Message.read(context, input.id, input));
    const made = await lastValueFrom(from(messages).pipe(batch({ maxBytes: 9_000_000, maxWaitMs: 60_000 }), toArray()));
    expect(made.map((list) => list.length)).toEqual([2, 2, 2]);
  });

  it("does not let one video flush half-packed images", async () => {
    const inputs = Array.from({ length: 127 }, (_, n) => file(`i${n}`, "image", 10_000));
    inputs.splice(60, 0, file("v", "video", 50_000_000));
    const { batches: made } = await batches(inputs);
    expect(made.map((list) => list.length).sort((one, other) => one - other)).toEqual([1, 127]);
  });

  it("lets a lone video through although its request is larger, up to what can be sent in parts", async () => {
    const sizes = [127_999_999, 128_000_000, limits.maxLargeVideoBytes, limits.maxLargeVideoBytes + 1];
    const { batches: made } = await batches(sizes.map((size) => file(`v${size}`, "video", size)));
    expect(made.map((list) => list.map((input) => input.id))).toEqual(sizes.slice(0, 3).map((size) => [`v${size}`]));
  });

  it("never puts the same id twice into one batch", async () => {
    const { batches: made } = await batches([file("a", "image", 10), file("b", "image", 10), file("a", "image", 11)]);
    for (const list of made) expect(new Set(list.map((input) => input.id)).size).toBe(list.length);
    expect(made.flat()).toHaveLength(3);
  });

  it.each<[string, InputDraft, string]>([
    ["an id of 60 characters", { id: "x".repeat(60), text: "t" }, "ERR_ID_TOO_LONG"],
    ["an id with a slash", { id: "a/b", text: "t" }, "ERR_ID_CHARACTERS"],
    [
      "two media in one",
      { id: "a", image: { url: "https://a.b/c.jpg" }, audio: { url: "https://a.b/c.mp3" } },
      "ERR_INPUT_MEDIA",
    ],
    ["a box that is turned round", { id: "a", text: "t", annotations: [{ box: [0.5, 0.1, 0.2, 0.9] }] }, "ERR_BOX"],
    ["a text of 20 MB", { id: "a", text: "x".repeat(20_000_000) }, "ERR_ITEM_TOO_LARGE"],
    [
      "an image of 100 megapixels",
      { id: "a", image: { path: "/n", sizeBytes: 9, width: 10_000, height: 10_000 } },
      "ERR_IMAGE_TOO_LARGE",
    ],
    [
      "a text sent as image",
      { id: "a", image: { path: "/n", sizeBytes: 9, mimeType: "text/plain" } },
      "ERR_KIND_MISMATCH",
    ],
  ])("fails %s before anything is sent", async (_, draft, code) => {
    const report = await flow(texts(2, (n) => (n === 0 ? draft : { id: "good", text: "t" })))
      .pipe(
        batch(),
        sinkOf(() => undefined),
      )
      .run();
    expect(report.counts).toMatchObject({ ok: 1, failed: 1 });
    expect(report.failures[0]).toMatchObject({ code, stage: "batch" });
  });

  it("counts exactly the bytes that the request has later", () => {
    const input: Input = { ...file("ünïcode", "image", 12_345), metadata: { name: "😀" }, text: 'a "b"\n' };
    const encoded = encodeInput(input);
    const media = Buffer.alloc(12_345).toString("base64");
    const json = `${encoded.head}${media}${encoded.tail}${"0".repeat(16)}${encoded.end}`;
    expect(Buffer.byteLength(json)).toBe(encoded.bytes);
    expect(JSON.parse(json)).toMatchObject({
      id: "ünïcode",
      data: { text: { raw: 'a "b"\n' }, metadata: { name: "😀" } },
    });
    expect(uploadPolicy.envelopeBytes).toBeGreaterThan(120);
  });
});
