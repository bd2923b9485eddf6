/** SVG: distinguishes it from other text, and refuses documents that would look different without external files. */

import { InputError } from "../../core/errors.js";

/** References to external files and addresses. References to parts of the document (#id) and data URLs are rendered. */
const references = [
  /\bhref\s{0,9}=\s{0,9}["']\s{0,9}(?!#|data:)([^"'\s>]{1,200})/gi,
  /\burl\(\s{0,9}["']?\s{0,9}(?!#|data:|["'\s])([^"')\s]{1,200})/gi,
  /@import\s{1,9}["']([^"']{1,200})/gi,
  /<!ENTITY\s[^>"']{0,200}\b(?:SYSTEM|PUBLIC)\s{1,9}["']([^"'>]{1,200})/gi,
];
/** Hyperlinks load nothing. */
const link = /<(?:\w{1,20}:)?a\s[^>]{0,2000}>/gi;

/** Whether the root element of a document is `svg`, after a declaration, comments and a document type. */
export function isSvg(bytes: Buffer): boolean {
  const text = bytes.toString("latin1", 0, 64 * 1024).replace(/^\xef\xbb\xbf/, "");
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 20);
    const blanks = /^\s+/.exec(rest)?.[0].length ?? 0;
    const end = rest.startsWith("<?") ? "?>" : rest.startsWith("<!--") ? "-->" : undefined;
    if (blanks > 0) at += blanks;
    else if (end) at = after(text, end, at);
    else if (/^<!doctype/i.test(rest)) at = afterDoctype(text, at);
    else return /^<(\w{1,10}:)?svg[\s>/]/i.test(rest);
  }
  return false;
}

function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found < 0 ? text.length : found + end.length;
}

/** Returns the end of a document type, which may contain declarations in square brackets. */
function afterDoctype(text: string, from: number): number {
  const close = after(text, ">", from);
  const bracket = text.indexOf("[", from);
  if (bracket < 0 || bracket > close) return close;
  return after(text, ">", after(text, "]", bracket));
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
