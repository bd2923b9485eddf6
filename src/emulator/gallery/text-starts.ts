/** Reads the beginnings of texts, from the rows of the store or from its files. */

import { closeSync, openSync, readSync } from "node:fs";
import type { MediaFiles } from "../media/media-files.js";

interface TextRow {
  /** The beginning of the JSON of the media. */
  start: string | null;
  sha256: string | null;
  kind: string;
}

/** Bytes of the longest character. */
const maxCharacterBytes = 4;

/** Returns up to `length` characters of the text of an input. Undefined: it has none. */
export function beginningOfText(
  { start, sha256, kind }: TextRow,
  files: MediaFiles,
  length: number,
): string | undefined {
  const escaped = /"raw":"((?:[^"\\]|\\.)*)/s.exec(start ?? "")?.[1];
  if (escaped !== undefined) return unescaped(escaped).slice(0, length);
  if (sha256 === null || kind !== "text") return undefined;
  return beginningOfFile(files.pathOf(sha256), (length + 1) * maxCharacterBytes)?.slice(0, length);
}

/** Decodes a JSON string whose end may be missing. */
function unescaped(escaped: string): string {
  try {
    return JSON.parse(`"${escaped.replace(/\\u[0-9a-f]{0,3}$/i, "")}"`) as string;
  } catch {
    return "";
  }
}

/** Returns the beginning of a text file. Undefined: the file was deleted in the meantime. */
export function beginningOfFile(path: string, bytes: number): string | undefined {
  try {
    const file = openSync(path, "r");
    try {
      const head = Buffer.alloc(bytes);
      return head.toString("utf8", 0, readSync(file, head, 0, bytes, 0)).replace(/\ufffd$/, "");
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}
