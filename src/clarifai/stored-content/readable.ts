/** Turns the contents of listed inputs into contents that can be read: by a transform, or by an upload into another app. */

import { createHash } from "node:crypto";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { mimeTypeOf } from "../../core/input/describe.js";
import { kindOfType } from "../../core/input/detect/types.js";
import { type Content, type Input, type InputDraft, type Kind, mediaOf } from "../../core/input/input.js";
import { withoutSignature } from "../../core/redact-urls.js";
import type { App } from "../client/app.js";
import { classify, statusText } from "../wire/status.js";
import { type FirstPart, readFirstPart } from "./first-part.js";
import { storedUri } from "./opener.js";

/**
 * Returns a listed input with contents that can be read again and again: bytes if they are few, else a URI with the size. Reads the first part of each content.
 *
 * A content that the app does not store stays a URL, which the other app fetches: nothing else is known about it. So does one behind a URL with a signature, which
 * a dead letter must not contain.
 *
 * @throws {InputError} the code of the status if the input has failed; ERR_NOT_PROCESSED; ERR_HTTP_… and ERR_DOWNLOAD_… if the content cannot be read
 */
export async function withReadableContent(app: App, input: Input, signal: AbortSignal): Promise<InputDraft> {
  checkStatus(app, input);
  const media = mediaOf(input);
  const draft = { ...input } as InputDraft;
  if (media && "url" in media.content) {
    const { url, hostedUrl = url, width, height } = media.content;
    const found = await readableFrom(app, input.id, hostedUrl, media.kind, signal);
    const facts = width === undefined ? {} : { width, height };
    if (found) draft[media.kind] = { ...found, ...facts } as Content;
  }
  if (input.textUrl !== undefined) {
    const text = await readableFrom(app, input.id, input.textUrl, "text", signal);
    if (text) {
      draft.text = text;
      delete draft.textUrl;
    }
  }
  return draft;
}

function checkStatus(app: App, { id, status }: Input): void {
  const meaning = status ? classify(status) : "ok";
  if (!status || meaning === "ok") return;
  if (meaning === "progress") {
    const text = `the input "${id}" of ${app.address} is not processed yet (${statusText(status)}); run the flow again later`;
    throw new InputError("ERR_NOT_PROCESSED", text, { retryable: true });
  }
  const text = `${app.address} has no content of the input "${id}", because its processing failed: ${statusText(status)}`;
  throw new InputError(String(status.code), text);
}

async function readableFrom(
  app: App,
  id: string,
  address: string,
  kind: Kind,
  signal: AbortSignal,
): Promise<Content | undefined> {
  const authorize = (url: URL) => app.authorize(url);
  if (!URL.canParse(address) || !authorize(new URL(address)) || withoutSignature(address) !== address) return undefined;
  try {
    return await contentOf(await readFirstPart(authorize, address, { signal }), address, kind);
  } catch (error) {
    signal.throwIfAborted();
    const { code = "ERR_DOWNLOAD_BROKEN", retryable = false } = error instanceof FlowError ? error : {};
    const text = `the content of the input "${id}" of ${app.address} cannot be read: ${describeError(error)}`;
    throw new InputError(code, text, { cause: error, retryable });
  }
}

async function contentOf(part: FirstPart, address: string, kind: Kind): Promise<Content> {
  const { bytes, sizeBytes, etag, sha256 } = part;
  if (bytes.length === sizeBytes) {
    if (sha256 !== undefined && createHash("sha256").update(bytes).digest("hex") !== sha256) {
      throw new InputError("ERR_DOWNLOAD_DIGEST", `${address} arrived with another SHA-256 than the server says`);
    }
    return { bytes: new Uint8Array(bytes) };
  }
  const content = { uri: storedUri(address), sizeBytes, ...(etag === undefined ? {} : { version: etag }) };
  if (kind === "text") return content;
  const mimeType = await mimeTypeOf(bytes, sizeBytes, { kind });
  return kindOfType(mimeType) === kind ? { ...content, mimeType } : content; // else its middle or its end decides
}
