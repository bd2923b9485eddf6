/** Reads the lines of a download's manifest as inputs whose contents are the files beside it. */

import { createHash } from "node:crypto";
import { createReadStream, realpathSync, statSync } from "node:fs";
import { lstat, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { describeError, InputError } from "../../core/errors.js";
import { readLines } from "../../core/files/lines.js";
import type { Content, InputDraft } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import { IdSet } from "../../core/util/id-set.js";
import { manifestStart, manifestVersion } from "./name.js";

/** How a line begins, with its id. */
const lineStart = /^\{"manifest":1,"id":("(?:[^"\\]|\\.)*")/;

/** Whether a value is a line of a manifest, of this version or of another one. */
export function isManifestLine(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return "manifest" in value || ["kind", "path", "sizeBytes", "sha256"].every((field) => field in value);
}

/**
 * Makes the input of a line. Its files have to be what they were when they were downloaded: they are read once for their SHA-256. What only the app that it
 * was downloaded from can say (status, times) is left out.
 *
 * @throws {InputError} ERR_INPUT_SHAPE, ERR_MANIFEST_PATH, ERR_FILE_UNREADABLE, ERR_FILE_CHANGED
 */
export async function inputOfLine(line: Record<string, unknown>, folder: string): Promise<InputDraft> {
  const {
    manifest,
    kind,
    path,
    sizeBytes,
    sha256,
    text,
    url: _,
    status: __,
    createdAt: ___,
    modifiedAt: ____,
    ...rest
  } = line;
  if (manifest !== manifestVersion) {
    const which =
      manifest === undefined ? "no version, so an older Sluice wrote it" : `version ${JSON.stringify(manifest)}`;
    const hint = `this one reads version ${manifestVersion}; download into the folder again to get a new line`;
    throw new InputError("ERR_INPUT_SHAPE", `the manifest's line has ${which}; ${hint}`);
  }
  const known = kinds.find((one) => one === kind);
  if (known === undefined) {
    throw new InputError("ERR_INPUT_SHAPE", `kind: expected ${kinds.join(", ")}, got ${JSON.stringify(kind)}`);
  }
  const content = await checkedFile({ path, sizeBytes, sha256 }, folder);
  // Fields that are not known stay in the draft, whose check refuses them by name.
  const draft = { ...rest, [known]: content } as InputDraft;
  if (text === undefined) return draft;
  return { ...draft, text: await checkedFile(text as Record<string, unknown>, folder) };
}

/**
 * The numbers of the last lines of inputs that have several: a later download appends a line when the record of an input has changed.
 *
 * @returns by id; inputs with one line are not in it
 */
export async function lastLines(path: string, maxLineBytes: number): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  if (!statSync(path).isFile()) return last; // a pipe is read once
  const seen = new IdSet();
  for await (const { number, bytes } of readLines(path, maxLineBytes)) {
    if (!bytes?.subarray(0, manifestStart.length).equals(Buffer.from(manifestStart))) continue;
    const id = lineStart.exec(bytes.toString("utf8", 0, 4096))?.[1];
    if (id !== undefined && !seen.add(id)) last.set(JSON.parse(id) as string, number);
  }
  return last;
}

/** A file of the folder as content. */
async function checkedFile(file: Record<string, unknown>, folder: string): Promise<Content> {
  const { path, sizeBytes, sha256 } = file;
  if (typeof path !== "string" || path === "" || typeof sizeBytes !== "number" || typeof sha256 !== "string") {
    const text = `a file of the manifest has path, sizeBytes and sha256, got ${JSON.stringify(file)}`;
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

/** Refuses paths that leave the folder, also through links. */
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
  const way = relative(folder, path);
  if (way === "") return orEqual;
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}
