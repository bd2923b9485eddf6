/** Reads the message of a call as it arrives. */

import type { ServerHttp2Stream } from "node:http2";
import { limits } from "../../clarifai/limits.js";
import { GrpcError, grpcCodes } from "./grpc-error.js";
import type { MessageScanner } from "./message-scanner.js";

/** The flag of compression, and the length of the message. */
const prefixBytes = 5;
/** A single video at the limit of 128 MB has room for its other fields. */
export const maxMessageBytes = limits.maxItemBytes.video + 1_000_000;

/** Makes the scanner of a message whose length has arrived. */
export type ScannerFactory = (length: number) => MessageScanner;

/** Reads the one message of a call to its end. @throws {GrpcError} RESOURCE_EXHAUSTED, UNIMPLEMENTED, INTERNAL */
export async function readMessage(
  stream: ServerHttp2Stream,
  scannerFor: ScannerFactory,
): Promise<{ bytes: Buffer; length: number }> {
  const prefix: number[] = [];
  let length = 0;
  let scanner: MessageScanner | undefined;
  // If the loop ends early, the stream must stay open: the refusal is sent through it.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    let at = 0;
    while (!scanner && at < chunk.length) {
      prefix.push(chunk[at] as number);
      at += 1;
      if (prefix.length < prefixBytes) continue;
      length = lengthIn(Buffer.from(prefix));
      scanner = scannerFor(length);
    }
    scanner?.write(chunk.subarray(at));
  }
  if (!scanner) throw new GrpcError(grpcCodes.INTERNAL, "the call has no message");
  return { bytes: scanner.end(), length };
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
