/** Ids: makes deterministic, readable and unique ids for inputs that have none. */

import { createHash, type Hash, hash } from "node:crypto";
import { realpathSync } from "node:fs";
import { basename, resolve } from "node:path";
import { InputError } from "../errors.js";
import { openContent } from "./content.js";
import type { ReadableContent } from "./input.js";

const isAscii = /^[\x00-\x7F]*$/;
/** Maximum characters of an id. */
export const maxIdLength = 48;
const hashLength = 12;
const slugLength = maxIdLength - hashLength - 1;

/**
 * Makes an id of a path: a readable slug of its end, and a hash of the whole path.
 *
 * Equal paths give equal ids in every run and on every machine (the path is normalized to NFC, with `/` between its parts);
 * different paths give different ids. At most 48 characters of `[A-Za-z0-9_-]`.
 *
 * @example idFromPath("beach/IMG 1.jpg") // "beach-IMG-1-jpg-…"
 */
export function idFromPath(path: string): string {
  const normal = (isAscii.test(path) ? path : path.normalize("NFC")).replaceAll("\\", "/");
  const digest = hash("sha256", normal, "hex").slice(0, hashLength);
  const slug = normal
    .replace(/[^A-Za-z0-9_]+/g, "-")
    .slice(-slugLength)
    .replace(/^-+|-+$/g, "");
  return slug === "" ? digest : `${slug}-${digest}`;
}

/**
 * Returns the own name of a folder: the last part of its real path. So `.`, `./photos/`, the absolute path and a path through a symbolic link give the
 * same name. If the folder does not exist, returns the last part of `path`.
 */
export function folderName(path: string): string {
  const whole = resolve(path);
  try {
    return basename(realpathSync(whole));
  } catch {
    return basename(whole);
  }
}

/** Makes the default id of a file from the own name of its source's folder, and from the path inside that folder. */
export function idOfFile(folder: string, relative: string): string {
  return idFromPath(`${folder}/${relative}`);
}

/** Makes an id of the bytes of a content: the same in every folder and under every name. */
export async function idOfContent(content: ReadableContent): Promise<string> {
  const digest = createHash("sha256");
  for await (const chunk of openContent(content)) digest.update(chunk);
  return idOfDigest(digest);
}

/** Makes an id of bytes in memory: the same id as `idOfContent` makes of a file with these bytes. */
export function idOfBytes(bytes: Uint8Array): string {
  return idOfDigest(createHash("sha256").update(bytes));
}

function idOfDigest(digest: Hash): string {
  return digest.digest("hex").slice(0, maxIdLength);
}

/** Refuses an id that the platform would refuse. @throws {InputError} ERR_ID_EMPTY, ERR_ID_TOO_LONG, ERR_ID_CHARACTERS */
export function checkId(id: string): void {
  if (id.length === 0)
    throw new InputError("ERR_ID_EMPTY", "the id is empty; without an id, the input gets one made from its path");
  if (id.length > maxIdLength) {
    throw new InputError("ERR_ID_TOO_LONG", `the id "${id}" has ${id.length} characters; the limit is ${maxIdLength}`);
  }
  if (!/^[A-Za-z0-9_-]+$/.test(id)) {
    throw new InputError("ERR_ID_CHARACTERS", `the id "${id}" has other characters than letters, digits, "-" and "_"`);
  }
}
