/** Reads the messages of a call as they arrive. */

import type { ServerHttp2Stream } from "node:http2";
import { limits } from "../../clarifai/limits.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";
import type { MessageScanner } from "./message-scanner.js";

/** The flag of compression, and the length of the message. */
const prefixBytes = 5;
/** A single video at the limit of 128 MB has room for its other fields. */
const maxMessageBytes = limits.maxItemBytes.video + 1_000_000;

/** Makes the scanner of a message whose length has arrived. */
export type ScannerFactory = (length: number) => MessageScanner;

export interface ReadMessage {
  /** The message, with placeholders for media. */
  bytes: Buffer;
  /** Length of the message as it was sent. */
  length: number;
}

/** Reads the only message of a call, to the end of the call. @throws {GrpcError} RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL */
export async function readMessage(stream: ServerHttp2Stream, scannerFor: ScannerFactory): Promise<ReadMessage> {
  let message: ReadMessage | undefined;
  for await (const next of messagesIn(stream, scannerFor)) {
    if (message) throw new GrpcError(grpcCodes.UNIMPLEMENTED, "the call has more than one message");
    message = next;
  }
  if (!message) throw new GrpcError(grpcCodes.INTERNAL, "the call has no message");
  return message;
}

/** Yields the messages of a call. @throws {GrpcError} RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL */
export async function* messagesIn(
  stream: ServerHttp2Stream,
  scannerFor: ScannerFactory,
): AsyncGenerator<ReadMessage, void, undefined> {
  let prefix = Buffer.alloc(0);
  let current: { scanner: MessageScanner; length: number; left: number } | undefined;
  // If the loop ends early, the stream must stay open: the refusal is sent through it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let rest = chunk;
    while (rest.length > 0) {
      if (!current) {
        const missing = prefixBytes - prefix.length;
        prefix = Buffer.concat([prefix, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (prefix.length < prefixBytes) break;
        const length = lengthIn(prefix);
        current = { scanner: scannerFor(length), length, left: length };
      }
      const piece = rest.subarray(0, current.left);
      current.scanner.write(piece);
      current.left -= piece.length;
      rest = rest.subarray(piece.length);
      if (current.left > 0) break;
      yield { bytes: current.scanner.end(), length: current.length };
      current = undefined;
      prefix = Buffer.alloc(0);
    }
  }
  if (prefix.length > 0) throw new GrpcError(grpcCodes.INTERNAL, "the call ends within a message");
}

function lengthIn(prefix: Buffer): number {
  if (prefix[0] !== 0) {
    throw new GrpcError(grpcCodes.UNIMPLEMENTED, "the emulator does not support compressed messages");
  }
  const length = prefix.readUInt32BE(1);
  if (length <= maxMessageBytes) return length;
  const details = `the message has ${length} bytes; the limit is ${maxMessageBytes}`;
  throw new GrpcError(grpcCodes.RESOURCE_EXHAUSTED, details);
}
