/** Writes small zip archives. */

import { join } from "node:path";
import { ZipFile } from "../../src/emulator/export/zip-file.js";

/** Writes an archive with these entries into a folder, and returns its path. */
export async function zipWith(
  folder: string,
  entries: Record<string, string | Uint8Array>,
  name = "a.zip",
): Promise<string> {
  const path = join(folder, name);
  const zip = new ZipFile(path);
  for (const [entry, content] of Object.entries(entries)) await zip.add(entry, [Buffer.from(content as string)]);
  zip.finish();
  return path;
}
