/** The size of an input's content, which listings do not have. */

import { FlowError, InputError } from "../../core/errors.js";
import type { Content, Input, InputDraft } from "../../core/input/input.js";
import { mediaKinds } from "../../core/input/kinds.js";
import type { App } from "../client/app.js";
import { receiveMedia } from "../client/media.js";

/** Servers that answer these to a request for the head may still answer to one for the content. */
const noHead = new Set(["ERR_HTTP_403", "ERR_HTTP_405", "ERR_HTTP_501"]);

/**
 * Returns the size of a listed input's content in bytes. The size of a text is known; that of a file is requested from its server, with the credential of the
 * app where it belongs. Undefined for an input without content.
 *
 * @throws {InputError} ERR_CONTENT_SIZE if the server does not say it, and the errors of `receiveMedia`
 */
export async function contentSize(
  app: App,
  input: Input | InputDraft,
  signal: AbortSignal,
): Promise<number | undefined> {
  const address = addressOf(input);
  if (address === undefined) return typeof input.text === "string" ? Buffer.byteLength(input.text) : undefined;
  const authorize = (url: URL) => app.authorize(url);
  let size: number | undefined;
  const done = new Error("the head is enough");
  const receive = (headOnly: boolean) => {
    const begin = ({ totalBytes }: { totalBytes: number | undefined }) => {
      size = totalBytes;
      if (!headOnly) throw done;
    };
    return receiveMedia(
      authorize,
      address,
      { begin, take: () => undefined },
      { signal, method: headOnly ? "HEAD" : "GET" },
    );
  };
  await receive(true).catch((error: unknown) => {
    if (!(error instanceof FlowError) || !noHead.has(error.code)) throw error;
    return receive(false).catch((cause: unknown) => {
      if (size === undefined) throw cause;
    });
  });
  if (size !== undefined) return size;
  throw new InputError(
    "ERR_CONTENT_SIZE",
    `the server of the input "${input.id}" does not say how large its content is`,
  );
}

/** Returns the address of the bytes of an input; undefined for a text that the listing has. */
function addressOf(input: Input | InputDraft): string | undefined {
  for (const kind of mediaKinds) {
    const content = input[kind] as Content | undefined;
    if (content && "url" in content) return content.hostedUrl ?? content.url;
  }
  return input.textUrl;
}
