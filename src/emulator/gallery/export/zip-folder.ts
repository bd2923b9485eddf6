/** Packs a folder into a zip. */

import { createReadStream } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { stateName } from "../../../formats/dataset-folder/state-file.js";
import { ZipFile } from "../../export/zip-file.js";

/**
 * Packs the files of a folder under its name, without the state of the writer.
 *
 * @returns the size of the archive
 * @throws {RangeError} if the archive would need zip64
 */
export async function zipFolder(
  folder: string,
  { path, name, signal }: { path: string; name: string; signal: AbortSignal },
): Promise<number> {
  const zip = new ZipFile(path);
  try {
    for await (const relative of filesIn(folder, "")) {
      signal.throwIfAborted();
      await zip.add(`${name}/${relative}`, createReadStream(join(folder, relative), { signal }));
    }
  } catch (error) {
    zip.close();
    throw error;
  }
  return zip.finish();
}

async function* filesIn(folder: string, prefix: string): AsyncGenerator<string> {
  for await (const entry of await opendir(join(folder, prefix))) {
    const relative = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* filesIn(folder, `${relative}/`);
    else if (!entry.name.startsWith(stateName)) yield relative;
  }
}
