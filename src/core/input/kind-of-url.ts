/** The kind of what a URL points to, guessed by its extension; for references, where there is no content to look at. */

import { extensionOf, mediaKindOfName } from "./detect/names.js";
import type { Kind } from "./input.js";

const textExtensions = new Set(["txt", "text", "csv", "tsv", "md"]);

/** The kind by the extension of the URL's path, or undefined. */
export function kindOfUrl(url: URL): Kind | undefined {
  return mediaKindOfName(url.pathname) ?? (textExtensions.has(extensionOf(url.pathname)) ? "text" : undefined);
}

/** The draft field that takes a URL of this kind. */
export function urlField(kind: Kind, url: string): { [field: string]: unknown } {
  return kind === "text" ? { textUrl: url } : { [kind]: { url } };
}
