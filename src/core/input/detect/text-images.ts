/** Detects images that are written as text: SVG, PNM, XPM, XBM, EPS. */

import type { Found } from "./found.js";

const root = /^<(?:[A-Za-z_][\w.-]*:)?svg[\s>/]/i;
const pnm = /^P(?:[1-6]\s(?:\s|#[^\n]*\n)*\d+\s+(?:#[^\n]*\n)*\d+\s|7\n(?:#[^\n]*\n)*WIDTH\s|7 332\b|[Ff]\n\d+ \d+\n)/;
const others: readonly [RegExp, string][] = [
  [/^\/\* XPM \*\//, "image/x-xpixmap"],
  [
    /^(?:\/\*[\s\S]{0,500}?\*\/\s*)?#define\s+\S*width\s+\d+\s+#define\s+\S*height\s+\d+[\s\S]*?_bits\s*\[/,
    "image/x-xbitmap",
  ],
  [/^%!PS-Adobe-[\d.]+ EPSF-/, "image/x-eps"],
  [/^SIMPLE {2}= +T\b/, "image/fits"],
  [/^#\?(?:RADIANCE|RGBE)\b/, "image/vnd.radiance"],
];

/** Describes an image that is written as text; returns undefined for other texts, usually by their first character. */
export function readTextImage(start: Buffer): Found | undefined {
  const first = firstCharacter(start);
  if (first === 0x3c)
    return isSvgText(start.toString("utf8")) ? { kind: "image", mimeType: "image/svg+xml" } : undefined;
  if (first === 0x50) return readPnm(start);
  if (first !== 0x2f && first !== 0x23 && first !== 0x25 && first !== 0x53) return undefined;
  const text = start.toString("latin1");
  const mimeType = others.find(([pattern]) => pattern.test(text))?.[1];
  return mimeType === undefined ? undefined : { kind: "image", mimeType };
}

/** Whether the first element is `svg`, after white space, declarations, comments and a document type. */
export function isSvgText(text: string): boolean {
  for (let at = 0; at < text.length; ) {
    const rest = text.slice(at, at + 64).replace(/^[\s\ufeff]+/, "");
    if (rest === "") at += 64;
    else {
      at = text.indexOf(rest[0] as string, at);
      const end = rest.startsWith("<?")
        ? "?>"
        : rest.startsWith("<!--")
          ? "-->"
          : /^<!DOCTYPE/i.test(rest)
            ? ">"
            : undefined;
      if (end === undefined) return root.test(rest);
      const subset = end === ">" ? text.indexOf("[", at) : -1;
      const from = subset >= 0 && subset < text.indexOf(">", at) ? text.indexOf("]", subset) : at;
      const found = from < 0 ? -1 : text.indexOf(end, from);
      if (found < 0) return false;
      at = found + end.length;
    }
  }
  return false;
}

/** Describes a portable bitmap, graymap or pixmap, as text or with binary pixels. */
export function readPnm(start: Buffer): Found | undefined {
  const match = start[0] === 0x50 ? pnm.exec(start.toString("latin1", 0, 1024)) : null;
  return match ? { kind: "image", mimeType: "image/x-portable-anymap" } : undefined;
}

function firstCharacter(start: Buffer): number | undefined {
  let at = start[0] === 0xef && start[1] === 0xbb && start[2] === 0xbf ? 3 : 0;
  while (start[at] === 0x20 || (start[at] as number) === 0x0a || start[at] === 0x0d || start[at] === 0x09) at += 1;
  return start[at];
}
