/** Parquet files on the hub, which are read by range requests. */

import { openUri } from "../../core/content/open-uri.js";
import { partOf } from "../archive/remote-part.js";
import type { PartFile } from "../parquet/part-file.js";
import { fileUri, type PinnedDataset, shownName } from "./dataset-name.js";
import type { HubFile } from "./list-tree.js";

/**
 * Returns a file that is read by parts. A journal knows it by its path and the hash of its content, so a new commit that does not change the file does not
 * make its rows new. Ids do not depend on the commit, either.
 */
export async function openHubTable(
  dataset: PinnedDataset,
  { path, sizeBytes, hash }: HubFile,
  signal: AbortSignal,
): Promise<PartFile> {
  const uri = fileUri(dataset, path);
  const place = `${dataset.endpoint}/datasets/${dataset.id}/${path}`;
  return {
    ...{ name: shownName(dataset, path), place, shortName: `${dataset.id}/${path}`, sizeBytes },
    version: hash === "" ? `${sizeBytes}\n${dataset.commit}` : hash,
    async read(start, end) {
      const bytes = Buffer.allocUnsafeSlow(end - start);
      let filled = 0;
      for await (const chunk of openUri(partOf(uri, start, end - start, "-"), { signal }))
        filled += chunk.copy(bytes, filled);
      return bytes.buffer;
    },
    close: async () => undefined,
  };
}
