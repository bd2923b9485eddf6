/** Reading request bodies: media go to files as they arrive, and the rest is parsed as JSON. */

import type { IncomingMessage } from "node:http";
import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { Services } from "../routes/context.js";
import type { MediaLookup } from "../wire/incoming-input.js";
import { Refusal } from "../wire/refusals.js";
import { BodyScanner, JsonLimitError } from "./body-scanner.js";
import { IncomingMedia } from "./incoming-media.js";

/** A single video at the limit of 128 MB is this long as base64, with room for its other fields. */
const maxBodyBytes = Math.ceil(limits.maxItemBytes.video / 3) * 4 + 1_000_000;
/** The JSON of a body is in memory as a whole, so it has a lower limit than the media. */
const maxJsonBytes = limits.maxRequestBytes;

export interface Body {
  json: JsonObject;
  bytes: number;
  media: MediaLookup;
  /** Releases the media. Files that no input uses are deleted. */
  release(): void;
}

/** Reads a body as it arrives. @throws {Refusal} 11100, 40033 */
export async function readBody(request: IncomingMessage, { files, store }: Services): Promise<Body> {
  if (Number(request.headers["content-length"] ?? 0) > maxBodyBytes) throw tooLarge();
  const incoming = new IncomingMedia({ files, store });
  const scanner = new BodyScanner(() => incoming.open());
  let bytes = 0;
  try {
    // If the loop ends early, the connection must stay open: the refusal is sent through it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBodyBytes || bytes - incoming.sizeBytes * 1.5 > maxJsonBytes) throw tooLarge();
      scanner.write(chunk);
    }
    const json = bytes === 0 ? {} : scanner.end();
    if (!isObject(json)) throw badFormat("the body must be a JSON object");
    return { json, bytes, media: (placeholder) => incoming.find(placeholder), release: () => incoming.release() };
  } catch (error) {
    incoming.release();
    if (error instanceof JsonLimitError) throw badFormat(error.message);
    if (error instanceof SyntaxError) throw badFormat("the body is not valid JSON");
    throw error;
  }
}

/** Reads and discards the rest of a refused body, so that its sender reads the answer. A body over the limit is cut. */
export function drain(request: IncomingMessage): void {
  let bytes = 0;
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) request.destroy();
  });
}

function tooLarge(): Refusal {
  const details = `the request must have less than ${limits.maxRequestBytes} bytes`;
  return new Refusal(statusCodes.RPC_MAX_MESSAGE_SIZE_EXCEEDED, details);
}

function badFormat(details: string): Refusal {
  return new Refusal(statusCodes.CONN_BAD_REQUEST_FORMAT, details);
}
