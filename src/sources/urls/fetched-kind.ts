/** Checks that a server sent the kind of content that its URL stands for. */

import { InputError } from "../../core/errors.js";
import type { Described } from "../../core/input/describe.js";
import { kindOfUrl } from "../../core/input/detect/names.js";
import type { BytesContent, Kind } from "../../core/input/input.js";

export interface Fetched {
  /** The address, for error texts. */
  name: string;
  /** The URL of the list. */
  start: URL;
  /** The kind that the user set for the list. */
  asked: Kind | undefined;
  /** Content-type of the answer. */
  type: string;
}

/** Bytes that are searched for markup or JSON. */
const startBytes = 1024;
const markup = /^\s*<(\?xml|!doctype|(html|head|body|svg|rss|feed)[\s>])/i;
const data = /^\s*[{[]/;

/**
 * Refuses content of another kind than the list's `kind`, or, without it, than the extension of the URL. Media may have the extension of other media, as in
 * a folder. A page, XML or JSON is a text only with `kind: "text"`, since it is usually a message of the server.
 *
 * @throws {InputError} ERR_KIND_MISMATCH, ERR_KIND_UNKNOWN
 */
export function checkFetched(
  { kind, content }: Pick<Described<BytesContent>, "kind" | "content">,
  fetched: Fetched,
): void {
  const { name, start, asked, type } = fetched;
  const found = foundIn(content, kind, type);
  if (asked !== undefined) {
    if (kind === asked) return;
    throw new InputError("ERR_KIND_MISMATCH", `${name} is ${found}, not ${asked}`);
  }
  const named = kindOfUrl(start);
  if (kind === undefined)
    throw new InputError("ERR_KIND_MISMATCH", `${name} is ${found}${named ? `, not ${named}` : ""}`);
  if (kind !== "text") return;
  if (named !== undefined && named !== "text") {
    const hint = "it may be a message of the server, such as a sign-in page";
    throw new InputError("ERR_KIND_MISMATCH", `${name} is ${found}, not ${named}; ${hint}`);
  }
  if (named === "text" ? isMarkup(content.bytes) : isDocument(content.bytes, type)) {
    const hint = 'to upload it as a text, pass { kind: "text" } (on the command line --kind text)';
    throw new InputError("ERR_KIND_UNKNOWN", `${name} is ${found}, not an image, video, audio or plain text; ${hint}`);
  }
}

function foundIn({ bytes, mimeType }: BytesContent, kind: Kind | undefined, type: string): string {
  const named = type.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (kind === "text" && named !== "" && named !== "text/plain" && !/^(image|video|audio)\//.test(named)) return named;
  if (kind === "text" && isMarkup(bytes)) return "a page or XML (text/plain)";
  return mimeType ?? "of an unknown type";
}

/** Whether a text is a web page, XML or JSON, by its content-type or its beginning. */
function isDocument(bytes: Uint8Array, type: string): boolean {
  if (/\b(html|xml|json|javascript|css)\b/i.test(type)) return true;
  return isMarkup(bytes) || (data.test(startOf(bytes)) && isJson(bytes));
}

function isMarkup(bytes: Uint8Array): boolean {
  return markup.test(startOf(bytes));
}

function startOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, startBytes))
    .toString("utf8")
    .replace(/^\uFEFF/, "");
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(
      Buffer.from(bytes)
        .toString("utf8")
        .replace(/^\uFEFF/, ""),
    );
    return true;
  } catch {
    return false;
  }
}
