/** Files of tables in buckets and on web servers, which are read by range requests. */

import { openUri } from "../../core/content/open-uri.js";
import { partOf } from "../archive/remote-part.js";
import type { NamedRemote } from "../remote/add-remote.js";
import { findRemote } from "../remote/find-remote.js";
import { isS3, withoutRanges } from "../remote/remote-file.js";
import type { PartFile } from "./part-file.js";

/** Opens a remote file. @throws {InputError} ERR_REMOTE_RANGES, and what `findRemote` throws */
export async function openRemoteFile({ name, uri }: NamedRemote, signal: AbortSignal): Promise<PartFile> {
  const { file } = await findRemote(uri, signal);
  const { sizeBytes, version, hasRanges } = file;
  if (!hasRanges || sizeBytes === undefined) throw withoutRanges(uri);
  return {
    ...{ name, place: uri, shortName: shortNameOf(name), sizeBytes },
    version: `${sizeBytes}\n${version ?? ""}`,
    read: async (start, end) => {
      const bytes = Buffer.allocUnsafeSlow(end - start);
      let filled = 0;
      for await (const chunk of openUri(partOf(uri, start, end - start, "-", version), { signal }))
        filled += chunk.copy(bytes, filled);
      return bytes.buffer;
    },
    close: async () => undefined,
  };
}

/** Returns the last folder and the name of a file: those of the same file on the disk. Without a folder, the bucket or the host takes its place. */
function shortNameOf(name: string): string {
  const path = isS3(name) ? name : name.replace(/[?#].*$/s, "");
  return path.split("/").slice(-2).join("/");
}
