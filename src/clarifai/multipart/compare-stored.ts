/** Compares the size and the digest of a stored video with those of the file, by the head of its download. */

import { InputError } from "../../core/errors.js";
import type { MediaHead } from "../../core/net/media-head.js";
import type { App } from "../client/app.js";
import { receiveMedia } from "../client/media.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import type { VideoFacts } from "./video-facts.js";

/** Ends the download behind its head. */
const enough = new Error("the head is enough");

/** Returns whether the server's head confirms the size. @throws {InputError} ERR_CONTENT_DIFFERS */
export async function compareStored(
  app: App,
  input: WireInput,
  facts: VideoFacts,
  signal: AbortSignal,
): Promise<boolean> {
  const { video } = inputFromWire(input);
  const url = video && "url" in video ? video.hostedUrl : undefined;
  if (url === undefined) return false;
  let head: MediaHead | undefined;
  const begin = (found: MediaHead) => {
    head = found;
    throw enough;
  };
  await receiveMedia(app.authorize.bind(app), url, { begin, take: () => undefined }, { signal }).catch(() => undefined);
  signal.throwIfAborted();
  const { totalBytes, sha256 } = head ?? {};
  const differs = (totalBytes ?? facts.sizeBytes) !== facts.sizeBytes || (sha256 ?? facts.sha256) !== facts.sha256;
  if (differs) {
    const text = `the server stored other bytes under the id "${input.id}" than were sent; remove the input and upload it again`;
    throw new InputError("ERR_CONTENT_DIFFERS", text);
  }
  return totalBytes !== undefined;
}
