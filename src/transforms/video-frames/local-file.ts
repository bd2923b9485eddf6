/** Local files: makes a content readable for a program that needs to seek in a file. */

import { createWriteStream } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openContent } from "../../core/input/content.js";
import type { ReadableContent } from "../../core/input/input.js";

/**
 * Returns the path of a file with the content: its own file, or a copy in the folder that `folder` makes. An MP4 whose index is at its end cannot be read
 * from a pipe, so bytes, parts of files and contents of openers are copied.
 *
 * @throws {InputError} like `openContent`
 */
export async function localFile(
  content: ReadableContent,
  folder: () => Promise<string>,
  signal: AbortSignal,
): Promise<string> {
  if ("path" in content && content.offset === undefined) return resolve(content.path);
  const path = join(await folder(), "video");
  await pipeline(Readable.from(openContent(content, signal)), createWriteStream(path), { signal });
  return path;
}
