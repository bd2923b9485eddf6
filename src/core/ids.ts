/** Ids: deterministic, readable and unique names for inputs that have none. */

import { hash } from "node:crypto";
import { InputError } from "./errors.js";
import { limits } from "./limits.js";

const isAscii = /^[\x00-\x7F]*$/;
const hashLength = 12;
const slugLength = limits.maxIdLength - hashLength - 1;

/**
 * The default id of an input: a readable slug of its relative path and a hash of that path.
 *
 * Equal paths give equal ids in every run and on every machine (the path is NFC-normalised, with `/` between its parts);
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

/** Throws when the platform would refuse the id: it names the id, its length and the limit. */
export function checkId(id: string): void {
  if (id.length === 0)
    throw new InputError("ERR_ID_EMPTY", "the id is empty; leave it out to get one made from the path");
  if (id.length > limits.maxIdLength) {
    throw new InputError(
      "ERR_ID_TOO_LONG",
      `the id "${id}" has ${id.length} characters; the limit is ${limits.maxIdLength}`,
    );
  }
  if (!/^[A-Za-z0-9_-]+$/.test(id)) {
    throw new InputError("ERR_ID_CHARACTERS", `the id "${id}" may have letters, digits, "-" and "_" only`);
  }
}
