/** Reads the lines of a download's manifest as inputs. Their contents are the files beside the manifest. */

import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { describeError, InputError } from "../../core/errors.js";
import { readLines } from "../../core/files/lines.js";
import { reportedFields } from "../../core/input/fields/fields.js";
import type { Content, InputDraft } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import { IdSet } from "../../core/util/id-set.js";
import { isObject } from "../../core/util/json/json-values.js";
import { manifestStart, manifestVersion } from "./name.js";

/** The beginning of a line, with the id. */
const lineStart = /^\{"manifest":1,"id":("(?:[^"\\]|\\.)*")/;

/** Whether a value is a line of a manifest, of this version or of another one. */
export function isManifestLine(value: unknown): value is Record<string, unknown> {
  if (!isObject(value)) return false;
  return "manifest" in value || ["kind", "path", "sizeBytes", "sha256"].every((field) => field in value);
}

/**
 * Makes the input of a line. Reads its files once to check that their SHA-256 is the same as after the download. Drops the fields that only the platform
 * sets (status, times), and the address that the content came from.
 *
 * @throws {InputError} ERR_INPUT_SHAPE, ERR_RENDITION, ERR_MANIFEST_PATH, ERR_FILE_UNREADABLE, ERR_FILE_CHANGED
 */
export async function inputOfLine(line: Record<string, unknown>, folder: string): Promise<InputDraft> {
  const { manifest, kind, path, sizeBytes, sha256, text, rendition, url: _, ...rest } = line;
  if (manifest !== manifestVersion) {
    const which =
      manifest === undefined ? "no version, so an older Sluice wrote it" : `version ${JSON.stringify(manifest)}`;
    const hint = `this release reads version ${manifestVersion}; download into the folder again to get a new line`;
    throw new InputError("ERR_INPUT_SHAPE", `the manifest's line has ${which}; ${hint}`);
  }
  const known = kinds.find((one) => one === kind);
  if (known === undefined) {
    throw new InputError("ERR_INPUT_SHAPE", `kind: expected ${kinds.join(", ")}, got ${JSON.stringify(kind)}`);
  }
  if (rendition !== undefined) {
    const text = `${String(path)} is the rendition ${JSON.stringify(rendition)} of "${String(rest.id)}" and not the original`;
    const hint = "download the inputs without rendition to copy them; folder(…) reads the files as images of their own";
    throw new InputError("ERR_RENDITION", `${text}; ${hint}`);
  }
  for (const name of reportedFields) delete rest[name];
  const content = await checkedFile({ path, sizeBytes, sha256 }, folder);
  // Unknown fields stay in the draft: its check refuses them by name.
  const draft = { ...rest, [known]: content } as InputDraft;
  if (text === undefined) return draft;
  return { ...draft, text: await checkedFile(text as Record<string, unknown>, folder) };
}

/**
 * Finds the last line of each input that has several: a later download appends a line when the record of an input has changed.
 *
 * @returns numbers of lines by id; inputs with one line are missing
 */
export async function lastLines(path: string, maxLineBytes: number): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  if (!statSync(path).isFile()) return last; // a pipe can be read only once
  const seen = new IdSet();
  for await (const { number, bytes } of readLines(path, maxLineBytes)) {
    if (!bytes?.subarray(0, manifestStart.length).equals(Buffer.from(manifestStart))) continue;
    const id = lineStart.exec(bytes.toString("utf8", 0, 4096))?.[1];
    if (id !== undefined && !seen.add(id)) last.set(JSON.parse(id) as string, number);
  }
  return last;
}

/** Returns a file of the folder as content, after a check of its bytes. @throws {InputError} ERR_INPUT_SHAPE, ERR_MANIFEST_PATH, ERR_FILE_UNREADABLE, ERR_FILE_CHANGED */
export async function checkedFile(file: Record<string, unknown>, folder: string): Promise<Content> {
  const { path, sizeBytes, sha256 } = file;
  if (typeof path !== "string" || path === "" || typeof sizeBytes !== "number" || typeof sha256 !== "string") {
    const text = `a file of the manifest must have path, sizeBytes and sha256, got ${JSON.stringify(file)}`;
    throw new InputError("ERR_INPUT_SHAPE", text);
  }
  const whole = join(folder, path);
  try {
    await checkInside(path, whole, folder);
    const digest = createHash("sha256");
    let found = 0;
    for await (const bytes of createReadStream(whole) as AsyncIterable<Buffer>) {
      found += bytes.length;
      digest.update(bytes);
    }
    if (found === sizeBytes && digest.digest("hex") === sha256) return { path: whole };
    const sizes = found === sizeBytes ? "the same size and another SHA-256" : `${found} bytes instead of ${sizeBytes}`;
    const hint = "download it again, or upload the changed file with folder()";
    throw new InputError("ERR_FILE_CHANGED", `${whole} has changed since its download: ${sizes}; ${hint}`);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("ERR_FILE_UNREADABLE", `${whole} cannot be read: ${describeError(error)}`, { cause: error });
  }
}

/** Refuses a path that leaves the folder, also through links. */
async function checkInside(path: string, whole: string, folder: string): Promise<void> {
  const refused = new InputError(
    "ERR_MANIFEST_PATH",
    `the manifest names ${JSON.stringify(path)}, which is not a file inside of its folder`,
  );
  if (!isInside(resolve(folder), resolve(folder, path)) || path.includes("\0")) throw refused;
  if (!(await lstat(whole)).isFile()) throw refused;
  if (!isInside(realpathSync(folder), await realpath(dirname(whole)), true)) throw refused;
}

function isInside(folder: string, path: string, orEqual = false): boolean {
  const inside = relative(folder, path);
  if (inside === "") return orEqual;
  return inside !== ".." && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
