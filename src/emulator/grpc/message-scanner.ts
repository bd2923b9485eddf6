/** Scans protobuf messages as they arrive: passes the bytes of media to a sink, and keeps the rest as a small message. */

import type { MediaSink } from "../server/body-scanner.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";
import type { MediaFields } from "./media-fields.js";

/** Types of the wire format. */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const fixed32 = 5;
/** A varint has at most this number of bytes. */
const maxVarintBytes = 10;

/** A message whose end has not arrived. */
interface Level {
  /** Position of its end. */
  end: number;
  /** Fields of the message that lead to media. */
  fields: MediaFields;
  /** Key of its field in the outer message. */
  key: Buffer;
  /** The part of the message that remains, so far. */
  remaining: Buffer[];
}

/**
 * Scans one message of a known length. The bytes of each medium go to a sink from `open`, and are replaced by the placeholder that the sink returns.
 * So no medium is in memory as a whole.
 */
export class MessageScanner {
  readonly #open: () => MediaSink;
  readonly #levels: [Level, ...Level[]];
  #position = 0;
  #mode: "key" | "length" | "varint" | "value" | "media" = "key";
  /** Bytes of the varint that is being read. */
  readonly #number: number[] = [];
  /** Key of the current field. */
  #key: Buffer = Buffer.alloc(0);
  /** Number of bytes of the current value that have not arrived. */
  #left = 0;
  #sink: MediaSink | undefined;

  constructor(length: number, fields: MediaFields, open: () => MediaSink) {
    this.#open = open;
    this.#levels = [{ end: length, fields, key: this.#key, remaining: [] }];
  }

  /** Scans the next chunk. @throws {GrpcError} INTERNAL: the message is malformed */
  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#mode === "value" || this.#mode === "media") {
        const piece = chunk.subarray(at, at + this.#left);
        at += piece.length;
        this.#scanValue(piece);
      } else {
        this.#scanNumber(chunk[at] as number);
        at += 1;
      }
    }
  }

  /** Returns the message with placeholders. @throws {GrpcError} INTERNAL: the message is not complete */
  end(): Buffer {
    const [root] = this.#levels;
    if (this.#position !== root.end || this.#levels.length > 1 || this.#mode !== "key" || this.#number.length > 0) {
      throw malformed("it ends within a field");
    }
    return Buffer.concat(root.remaining);
  }

  get #level(): Level {
    return this.#levels.at(-1) as Level; // The outermost message stays.
  }

  #scanNumber(byte: number): void {
    this.#advance(1);
    this.#number.push(byte);
    if (byte >= 0x80) {
      if (this.#number.length >= maxVarintBytes) throw malformed("a number is too long");
      return;
    }
    const bytes = Buffer.from(this.#number.splice(0));
    if (this.#mode === "key") this.#startField(bytes);
    else if (this.#mode === "length") this.#startDelimited(bytes);
    else this.#keep(this.#key, bytes);
  }

  #startField(key: Buffer): void {
    this.#key = key;
    const type = (key[0] as number) & 7;
    if (type === varint) {
      this.#mode = "varint";
    } else if (type === delimited) {
      this.#mode = "length";
    } else if (type === fixed64 || type === fixed32) {
      this.#level.remaining.push(key);
      this.#startValue(type === fixed64 ? 8 : 4);
    } else {
      throw malformed(`it has a field of the type ${type}`);
    }
  }

  #startDelimited(lengthBytes: Buffer): void {
    const length = numberFrom(lengthBytes);
    if (this.#position + length > this.#level.end) throw malformed("a field is longer than its message");
    const inner = this.#level.fields.get(numberFrom(this.#key) >>> 3);
    if (inner === "media" && length > 0) {
      this.#sink = this.#open();
      this.#mode = "media";
      this.#left = length;
    } else if (inner && inner !== "media") {
      this.#levels.push({ end: this.#position + length, fields: inner, key: this.#key, remaining: [] });
      this.#startKey();
    } else {
      this.#level.remaining.push(this.#key, lengthBytes);
      this.#startValue(length);
    }
  }

  #startValue(length: number): void {
    if (this.#position + length > this.#level.end) throw malformed("a field is longer than its message");
    this.#mode = "value";
    this.#left = length;
    if (length === 0) this.#startKey();
  }

  #scanValue(piece: Buffer): void {
    this.#advance(piece.length);
    this.#left -= piece.length;
    if (this.#sink) {
      this.#sink.write(piece);
      if (this.#left === 0) this.#endMedium();
      return;
    }
    // Copies these bytes, because a slice would keep the whole chunk in memory.
    this.#level.remaining.push(Buffer.from(piece));
    if (this.#left === 0) this.#startKey();
  }

  #endMedium(): void {
    const placeholder = Buffer.from((this.#sink as MediaSink).end(true));
    this.#sink = undefined;
    this.#keep(this.#key, varintOf(placeholder.length), placeholder);
  }

  #keep(...pieces: Buffer[]): void {
    this.#level.remaining.push(...pieces);
    this.#startKey();
  }

  /** Prepares the next field, and ends the messages that end here. */
  #startKey(): void {
    this.#mode = "key";
    while (this.#levels.length > 1 && this.#level.end === this.#position) {
      const { key, remaining } = this.#levels.pop() as Level;
      const bytes = Buffer.concat(remaining);
      this.#level.remaining.push(key, varintOf(bytes.length), bytes);
    }
  }

  #advance(bytes: number): void {
    this.#position += bytes;
    if (this.#position > this.#level.end) throw malformed("a field is longer than its message");
  }
}

function malformed(reason: string): GrpcError {
  return new GrpcError(grpcCodes.INTERNAL, `the message is not valid protobuf: ${reason}`);
}

/** Decodes a varint. Numbers from 2^53 on lose digits: no length and no key is as large. */
function numberFrom(bytes: Buffer): number {
  return bytes.reduceRight((number, byte) => number * 128 + (byte & 0x7f), 0);
}

function varintOf(number: number): Buffer {
  const bytes: number[] = [];
  let rest = number;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Buffer.from([...bytes, rest]);
}
