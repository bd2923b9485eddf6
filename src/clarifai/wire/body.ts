/** Request bodies on demand: each attempt reads JSON skeletons and base64 slices of the files anew. */

import type { Content, FileContent, UriContent } from "../../core/input/input.js";
import type { ReplayableBody } from "../client/call.js";
import { type ContentHasher, contentHashText, digestOfInput, withText } from "./content-hash.js";
import { base64Length, type Encoded } from "./encode-input.js";
import { awaited, checkSize, fill, openMedia } from "./media-reader.js";

/** Bytes read from a file at once; a multiple of 3, so that base64 slices join without padding. */
const sliceBytes = 192 * 1024;
/** Bytes encoded at once; a multiple of 3. V8 stores strings of 128 KB and more separately, which takes twenty times as long. */
const encodedAtOnce = 48 * 1024;
/** Bytes passed to the connection at once. */
const chunkBytes = 256 * 1024;
/** A stream writes chunks of this size before it asks for the next one. */
const reusableBytes = 128 * 1024;

/**
 * Makes the body of `POST …/inputs`: `before`, the inputs with commas between them, `after`.
 *
 * The length is exact and known at once. Each call of `chunks` reads the files anew, one slice in memory at a time; a chunk is valid until the next one
 * is requested. If a file has another size than when it was measured, or cannot be read, `chunks` throws a ContentChangedError with its index.
 */
export function inputsBody(
  before: string,
  inputs: readonly Encoded[],
  after: string,
  hasher: ContentHasher,
): ReplayableBody {
  const commas = Math.max(0, inputs.length - 1);
  const skeleton = Buffer.byteLength(before) + Buffer.byteLength(after) + commas;
  const length = inputs.reduce((sum, input) => sum + input.bytes, skeleton);
  const waits = inputs.some(({ media }) => media && "uri" in media);
  const chunks = () => produce(before, inputs, after, hasher);
  return { length, chunks: waits ? () => awaited(chunks()) : chunks };
}

function* produce(
  before: string,
  inputs: readonly Encoded[],
  after: string,
  hasher: ContentHasher,
): Generator<Buffer, void, unknown> {
  const writer = new ChunkWriter();
  const slice = slices.pop() ?? Buffer.allocUnsafeSlow(sliceBytes + 1);
  try {
    if (!writer.putText(before)) yield* writer.text(before);
    for (let index = 0; index < inputs.length; index += 1) {
      const encoded = inputs[index] as Encoded;
      const head = index === 0 ? encoded.head : `,${encoded.head}`;
      if (!encoded.media) {
        const whole = `${head}${contentHashText(digestOfInput(hasher, encoded.input))}${encoded.end}`;
        if (!writer.putText(whole)) yield* writer.text(whole);
        continue;
      }
      if (!writer.putText(head)) yield* writer.text(head);
      let digest: bigint;
      if (encoded.mediaBytes <= sliceBytes) {
        const bytes = yield* wholeContent(index, encoded.media, encoded.mediaBytes, slice);
        digest = hasher.h64Raw(bytes);
        if (!writer.putBase64(bytes)) yield* writer.base64(bytes);
      } else {
        const hash = hasher.create64();
        yield* encodeSlices(index, encoded.media, encoded.mediaBytes, { slice, writer, hash });
        digest = hash.digest();
      }
      const tail = `${encoded.tail}${contentHashText(withText(hasher, digest, encoded.input))}${encoded.end}`;
      if (!writer.putText(tail)) yield* writer.text(tail);
    }
    if (!writer.putText(after)) yield* writer.text(after);
    yield* writer.end();
  } finally {
    slices.push(slice);
  }
}

/** Buffers of slices for reuse; at most as many as bodies were ever read at once. */
const slices: Buffer[] = [];

/** Collects small pieces in chunks. */
class ChunkWriter {
  #chunk = Buffer.allocUnsafeSlow(chunkBytes);
  #used = 0;

  /** Adds a text if it is certain to fit into the chunk. */
  putText(text: string): boolean {
    if (text.length * 3 > chunkBytes - this.#used) return false;
    this.#used += this.#chunk.write(text, this.#used);
    return true;
  }

  /** Adds bytes as base64 if they fit into the chunk and can be encoded at once. */
  putBase64(bytes: Buffer): boolean {
    if (bytes.length > encodedAtOnce || base64Length(bytes.length) > chunkBytes - this.#used) return false;
    this.#used += this.#chunk.write(bytes.toString("base64"), this.#used, "latin1");
    return true;
  }

  *text(text: string): Generator<Buffer, void> {
    yield* this.#flush();
    if (!this.putText(text)) yield Buffer.from(text);
  }

  *base64(bytes: Buffer): Generator<Buffer, void> {
    for (let at = 0; at < bytes.length; at += encodedAtOnce) {
      const text = bytes.toString("base64", at, Math.min(at + encodedAtOnce, bytes.length));
      if (text.length > chunkBytes - this.#used) yield* this.#flush();
      this.#used += this.#chunk.write(text, this.#used, "latin1");
    }
  }

  /** Yields the last chunk; after it, the writer must not be used. */
  *end(): Generator<Buffer, void> {
    if (this.#used > 0) yield this.#chunk.subarray(0, this.#used);
  }

  /**
   * Yields the chunk. When the next one is requested, a large chunk has been written and can be reused: a stream asks for no more before it has drained.
   * A small chunk may still wait in the buffer of the stream, so the writer allocates a new one.
   */
  *#flush(): Generator<Buffer, void> {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    yield this.#chunk.subarray(0, used);
    if (used < reusableBytes) this.#chunk = Buffer.allocUnsafeSlow(chunkBytes);
  }
}

/** Reads small content at once; it requests one byte more, to notice a file that grew. */
function* wholeContent(
  index: number,
  content: Content,
  size: number,
  slice: Buffer,
): Generator<never, Buffer, unknown> {
  if ("bytes" in content) return asBuffer(content.bytes);
  const media = openMedia(index, content as FileContent | UriContent);
  try {
    const read = yield* fill(media, slice, size + 1);
    checkSize(index, content, read, size);
    return slice.subarray(0, read);
  } finally {
    media.close();
  }
}

/** Encodes large content slice by slice, and hashes it. */
function* encodeSlices(
  index: number,
  content: Content,
  size: number,
  { slice, writer, hash }: { slice: Buffer; writer: ChunkWriter; hash: ReturnType<ContentHasher["create64"]> },
): Generator<Buffer, void, unknown> {
  if ("bytes" in content) {
    const bytes = asBuffer(content.bytes);
    for (let at = 0; at < size; at += sliceBytes) {
      const part = bytes.subarray(at, at + sliceBytes);
      hash.update(part);
      yield* writer.base64(part);
    }
    return;
  }
  const media = openMedia(index, content as FileContent | UriContent);
  try {
    let total = 0;
    for (;;) {
      const filled = yield* fill(media, slice, sliceBytes);
      total += filled;
      if (total > size || (filled < sliceBytes && total < size)) checkSize(index, content, total, size);
      const part = slice.subarray(0, filled);
      hash.update(part);
      yield* writer.base64(part);
      if (filled < sliceBytes) return;
    }
  } finally {
    media.close();
  }
}

/** Returns a buffer of the same memory. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
