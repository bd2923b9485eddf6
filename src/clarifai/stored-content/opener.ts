/** Opens contents that an app stores: `clarifai:` and the address of the bytes. */

import { createHash } from "node:crypto";
import { defineOpener, type OpenRange } from "../../core/content/openers.js";
import { InputError } from "../../core/errors.js";
import { checkUrl } from "../../core/net/guarded-fetch.js";
import type { MediaHead } from "../../core/net/media-head.js";
import { mediaChunks } from "./media-chunks.js";
import { credentialFor } from "./open-apps.js";

const scheme = "clarifai";

/** Returns the URI of a content that an app stores under an address. */
export function storedUri(address: string): string {
  return `${scheme}:${address}`;
}

/**
 * Reads `clarifai:` URIs, which `listInputs` makes, with the credential of a connection of this process. Compares the entity tag, so bytes of two contents are
 * never mixed, and the SHA-256 of a content that is read as a whole, if the server names it.
 */
export const storedOpener = defineOpener({ name: "listInputs", scheme, open });

async function* open(uri: string, { offset, length, version, signal }: OpenRange): AsyncGenerator<Buffer, void> {
  const address = uri.slice(scheme.length + 1);
  const url = checkUrl(address);
  if (!credentialFor(url)) {
    const text = `${address} belongs to an app that this program is not connected to; connect() to it first`;
    throw new InputError("ERR_NOT_CONNECTED", text);
  }
  let head: MediaHead | undefined;
  const begin = (answer: MediaHead) => {
    head = answer;
    const isOther = version !== undefined && answer.etag !== undefined && answer.etag !== version;
    if (isOther || (answer.totalBytes !== undefined && answer.totalBytes < offset + length)) throw changed(address);
  };
  const digest = createHash("sha256");
  let position: number | undefined;
  const end = offset + length;
  for await (const chunk of mediaChunks(credentialFor, address, { start: offset, etag: version, signal, begin })) {
    position ??= head?.start ?? 0; // a server without ranges sends all bytes
    const part = chunk.subarray(Math.max(0, offset - position), Math.max(0, end - position));
    position += chunk.length;
    digest.update(part);
    if (part.length > 0) yield part;
    if (position >= end && end < (head?.totalBytes ?? end)) return;
  }
  const isWhole = offset === 0 && head?.totalBytes === length;
  if (!isWhole || head?.sha256 === undefined || digest.digest("hex") === head.sha256) return;
  const text = `${address} arrived with another SHA-256 than the server says`;
  throw new InputError("ERR_DOWNLOAD_DIGEST", text);
}

function changed(address: string): InputError {
  return new InputError("ERR_FILE_CHANGED", `${address} changed after it was listed; run the flow again`);
}
