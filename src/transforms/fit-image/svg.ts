/** SVG: distinguishes it from other text, and refuses documents that would look different without external files. */

import { InputError } from "../../core/errors.js";
import { isSvgText } from "../../core/input/detect/text-images.js";

/** References to external files and addresses. References to parts of the document (#id) and data URLs are rendered. */
const references = [
  /\bhref\s{0,9}=\s{0,9}["']\s{0,9}(?!#|data:)([^"'\s>]{1,200})/gi,
  /\burl\(\s{0,9}["']?\s{0,9}(?!#|data:|["'\s])([^"')\s]{1,200})/gi,
  /@import\s{1,9}["']([^"']{1,200})/gi,
  /<!ENTITY\s[^>"']{0,200}\b(?:SYSTEM|PUBLIC)\s{1,9}["']([^"'>]{1,200})/gi,
];
/** Hyperlinks load nothing. */
const link = /<(?:\w{1,20}:)?a\s[^>]{0,2000}>/gi;

/** Bytes that are searched for the root element. */
const startBytes = 64 * 1024;

/** Whether the root element of a document is `svg`. */
export function isSvg(bytes: Buffer): boolean {
  return isSvgText(bytes.toString("latin1", 0, startBytes).replace(/^\xef\xbb\xbf/, ""));
}

/** Refuses an SVG that needs external files or addresses, since the result would be incomplete. @throws {InputError} ERR_IMAGE_UNDECODABLE */
export function checkSvg(bytes: Buffer): void {
  const text = bytes.toString("latin1").replaceAll(link, "");
  for (const reference of references) {
    const found = text.matchAll(reference).next().value?.[1];
    if (found === undefined) continue;
    const reason = `the SVG refers to "${found}", and fitImage does not load external files; embed it as a data: URL, or convert the SVG first`;
    throw new InputError("ERR_IMAGE_UNDECODABLE", `the image cannot be decoded: ${reason}`);
  }
}
