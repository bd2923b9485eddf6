/** The parts of an upload: their ranges, and the bodies of their requests, which are read from the content in slices. */

import type { ReplayableBody } from "../client/call.js";
import { base64Length } from "../wire/encode-input.js";
import type { PartSource } from "./part-source.js";

/** Bytes of a part. The API names no limit but that of a request; a small part is soon sent again. */
export const partBytes = 8 * 1024 * 1024;
/** Bytes encoded at once; a multiple of 3, so that slices join without padding. */
const sliceBytes = 48 * 1024;

/** One part. */
export interface Part {
  /** From 1 on. */
  number: number;
  start: number;
  end: number;
}

/** Cuts a content into parts. The same size always gives the same parts, so that a resumed upload sends the same ones. */
export function partsOf(sizeBytes: number): Part[] {
  return Array.from({ length: Math.ceil(sizeBytes / partBytes) }, (_, index) => ({
    number: index + 1,
    start: index * partBytes,
    end: Math.min((index + 1) * partBytes, sizeBytes),
  }));
}

/** Makes the body that sends a part. */
export function partBody(source: PartSource, part: Part): ReplayableBody {
  const { number, start, end } = part;
  const before = Buffer.from(`{"content_parts":[{"range_start":${start},"part_number":${number},"data":"`);
  const after = Buffer.from('"}]}');
  const length = before.length + base64Length(end - start) + after.length;
  return { length, chunks: () => produce(source, part, before, after) };
}

async function* produce(
  source: PartSource,
  { start, end }: Part,
  before: Buffer,
  after: Buffer,
): AsyncGenerator<Buffer, void> {
  yield before;
  let rest = Buffer.alloc(0);
  for await (const chunk of source.read(start, end)) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const whole = bytes.length - (bytes.length % 3);
    for (let at = 0; at < whole; at += sliceBytes)
      yield Buffer.from(bytes.toString("base64", at, Math.min(at + sliceBytes, whole)), "latin1");
    rest = Buffer.from(bytes.subarray(whole));
  }
  if (rest.length > 0) yield Buffer.from(rest.toString("base64"), "latin1");
  yield after;
}
