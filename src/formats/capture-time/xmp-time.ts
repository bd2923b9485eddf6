/** XMP times: reads when a picture was taken, which photo managers also write into XMP. */

import type { FoundTime } from "./found-time.js";
import { parseLocal, parseOffset } from "./local-time.js";

const names = ["exif:DateTimeOriginal", "photoshop:DateCreated"];

/** Reads the capture time of an XMP document, as an attribute or as an element. */
export function xmpTime(document: string): FoundTime {
  const found: FoundTime = {};
  for (const name of names) {
    const text = new RegExp(`\\b${name}(?:\\s*=\\s*["']|>)\\s*([^"'<]{1,40})`).exec(document)?.[1]?.trim() ?? "";
    if (!/T\d/.test(text)) continue; // a date without a time
    const local = parseLocal(text.replace(/T(\d\d:\d\d)(?!:)/, "T$1:00"));
    if (local === "invalid") found.invalid ??= text;
    else if (local) return { time: { local, offset: parseOffset(/(?:Z|[+-]\d\d:\d\d)$/.exec(text)?.[0]) } };
  }
  return found;
}
