/** Messages on demand: each attempt writes small protobuf pieces and the bytes of the files anew. */

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Content, FileContent, UriContent } from "../../../core/input/input.js";
import type { ReplayableBody, Rpc } from "../../client/call.js";
import { asBuffer } from "../body.js";
import { type ContentHasher, contentHashText, digestOfInput, withText } from "../content-hash.js";
import { contentHashLength } from "../encode-input.js";
import { awaited, checkSize, fill, openMedia } from "../media-reader.js";
import { statusCodes } from "../status-codes.js";
import type { PostRequest } from "../upload-wire.js";
import { decodeInputsAnswer, decodeStatusAnswer } from "./decode-answer.js";
import type { EncodedMessage } from "./encode-message.js";
import { conflictSuffix, protoFields } from "./fields.js";

const postInputs: Rpc = { path: "/clarifai.api.V2/PostInputs", decode: decodeInputsAnswer };
const getStatusCode: Rpc = { path: "/clarifai.api.V2/GetStatusCode", decode: decodeStatusAnswer };

/** Bytes passed to the connection at once. */
const chunkBytes = 256 * 1024;
/** Content up to this size is hashed in one call, and content in memory up to this size is copied into the chunk. */
const smallBytes = 64 * 1024;
/** Before each message, gRPC sends a byte that says whether it is compressed, and its length in four bytes. */
const prefixBytes = 5;

/**
 * Makes the message of `PostInputs`, with the prefix that gRPC puts before a message.
 *
 * The length is exact and known at once. Each call of `chunks` reads the files anew, straight into the one chunk that it yields again and again; a chunk
 * is valid until the next one is requested. If a file has another size than when it was measured, or cannot be read, `chunks` throws a
 * ContentChangedError with its index.
 */
export function inputsMessage(
  request: PostRequest,
  inputs: readonly EncodedMessage[],
  hasher: ContentHasher,
): ReplayableBody {
  const head = requestHead(request);
  const messageBytes = inputs.reduce((sum, input) => sum + input.bytes, head.length);
  const start = Buffer.concat([prefixOf(messageBytes), head]);
  const waits = inputs.some(({ media }) => media && "uri" in media);
  return {
    length: prefixBytes + messageBytes,
    rpc: postInputs,
    chunks: waits ? () => awaited(produce(start, inputs, hasher)) : () => produce(start, inputs, hasher),
  };
}

/** Makes the message that asks for the meaning of a status code. Every server of the API answers it, and it changes nothing. */
export function statusCodeMessage(): ReplayableBody {
  const { statusCodeId } = protoFields.GetStatusCodeRequest;
  const writer = new BinaryWriter().tag(statusCodeId, WireType.LengthDelimited).string(String(statusCodes.SUCCESS));
  const message = writer.finish();
  const bytes = Buffer.concat([prefixOf(message.length), message]);
  return { length: bytes.length, rpc: getStatusCode, chunks: () => [bytes] };
}

function prefixOf(messageBytes: number): Buffer {
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32BE(messageBytes, 1);
  return prefix;
}

/** Encodes the fields of the request that come before its inputs. */
function requestHead({ userId, appId, jobId, suffix }: PostRequest): Uint8Array {
  const { PostInputsRequest, UserAppIDSet } = protoFields;
  const writer = new BinaryWriter();
  writer.tag(PostInputsRequest.userAppId, WireType.LengthDelimited).fork();
  writer.tag(UserAppIDSet.userId, WireType.LengthDelimited).string(userId);
  writer.tag(UserAppIDSet.appId, WireType.LengthDelimited).string(appId).join();
  writer.tag(PostInputsRequest.inputsAddJobId, WireType.LengthDelimited).string(jobId);
  if (suffix) writer.tag(PostInputsRequest.inputIdConflictResolution, WireType.Varint).int32(conflictSuffix);
  return writer.finish();
}

function* produce(
  start: Uint8Array,
  inputs: readonly EncodedMessage[],
  hasher: ContentHasher,
): Generator<Uint8Array, void, unknown> {
  const chunk = new Chunk();
  yield* chunk.bytes(start);
  for (const [index, { head, tail, media, mediaBytes, input }] of inputs.entries()) {
    yield* chunk.bytes(head);
    let digest: bigint;
    if (!media) digest = digestOfInput(hasher, input);
    else {
      const own =
        "bytes" in media
          ? yield* chunk.memory(asBuffer(media.bytes), hasher)
          : yield* chunk.file(index, media, mediaBytes, hasher);
      digest = withText(hasher, own, input);
    }
    yield* chunk.bytes(tail);
    yield* chunk.hash(contentHashText(digest));
  }
  yield* chunk.flush();
}

/** The one chunk of a message. The connection has sent it before it asks for the next one, so it is filled again and again. */
class Chunk {
  /** One byte more, to notice a file that grew. */
  readonly #bytes = Buffer.allocUnsafeSlow(chunkBytes + 1);
  #used = 0;

  get #room(): number {
    return chunkBytes - this.#used;
  }

  *flush(): Generator<Uint8Array, void, unknown> {
    if (this.#used === 0) return;
    const used = this.#used;
    this.#used = 0;
    yield this.#bytes.subarray(0, used);
  }

  /** Adds bytes to the chunk. Yields them without a copy if they do not fit into one. */
  *bytes(bytes: Uint8Array): Generator<Uint8Array, void, unknown> {
    if (bytes.length > this.#room) yield* this.flush();
    if (bytes.length > this.#room) {
      yield* parts(bytes);
      return;
    }
    this.#bytes.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  *hash(text: string): Generator<Uint8Array, void, unknown> {
    if (contentHashLength > this.#room) yield* this.flush();
    this.#used += this.#bytes.write(text, this.#used, "latin1");
  }

  /** Adds content that is in memory; large content is yielded without a copy. Returns its digest. */
  *memory(content: Buffer, hasher: ContentHasher): Generator<Uint8Array, bigint, unknown> {
    if (content.length <= smallBytes) {
      yield* this.bytes(content);
      return hasher.h64Raw(content);
    }
    yield* this.flush();
    const hash = hasher.create64();
    for (const part of parts(content)) {
      hash.update(part);
      yield part;
    }
    return hash.digest();
  }

  /** Reads a file into the chunk, and yields the chunk whenever it is full. Returns the digest of the file. */
  *file(index: number, content: Content, size: number, hasher: ContentHasher): Generator<Uint8Array, bigint, unknown> {
    const isSmall = size <= smallBytes;
    if (isSmall && size > this.#room) yield* this.flush();
    const media = openMedia(index, content as FileContent | UriContent);
    try {
      const hash = isSmall ? undefined : hasher.create64();
      const begin = this.#used;
      let left = size;
      for (;;) {
        if (this.#room === 0 && left > 0) yield* this.flush();
        // The last read asks for one byte more than is expected.
        const wanted = left <= this.#room ? left + 1 : this.#room;
        const read = yield* fill(media, this.#bytes.subarray(this.#used), wanted);
        if (read > left || (read === 0 && left > 0)) checkSize(index, content, size - left + read, size);
        hash?.update(this.#bytes.subarray(this.#used, this.#used + read));
        this.#used += read;
        left -= read;
        if (left === 0 && read < wanted) break;
      }
      return hash ? hash.digest() : hasher.h64Raw(this.#bytes.subarray(begin, this.#used));
    } finally {
      media.close();
    }
  }
}

function* parts(bytes: Uint8Array): Generator<Uint8Array, void, unknown> {
  for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
}
