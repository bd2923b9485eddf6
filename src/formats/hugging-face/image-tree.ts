/** Image folders on the hub. */

import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { openUri } from "../../core/content/open-uri.js";
import type { UriContent } from "../../core/input/input.js";
import type { ImageTree } from "../image-folder/items.js";
import { layoutOfNames, splitOf } from "../image-folder/layout.js";
import { metadataRows } from "../image-folder/metadata.js";
import type { SplitFile } from "./card.js";
import { isInSplit, noSplit } from "./dataset-files.js";
import { fileUri, shownName } from "./dataset-name.js";
import type { FoundDataset } from "./list-tree.js";

export interface TreeOptions {
  /** Folder of the dataset that is read; empty for all of it. */
  path: string;
  split: string | undefined;
  concurrency: number;
  /** What else decides what an image becomes, for journal keys. */
  options: string;
  signal: AbortSignal;
}

/**
 * Returns the image folder that files of a dataset make.
 *
 * @throws {SourceError} ERR_HF_FILES if it has no image of the split
 */
export function imageTree(
  dataset: FoundDataset,
  files: readonly SplitFile[],
  { path, split, concurrency, options, signal }: TreeOptions,
): ImageTree {
  const base = path === "" ? "" : `${path}/`;
  const byName = new Map(files.map((file) => [file.path.slice(base.length), file]));
  const layout = layoutOfNames(byName.keys());
  const splitOfImage = (relative: string) => byName.get(relative)?.split ?? splitOf(relative, layout);
  const isWanted = (relative: string) => split === undefined || isInSplit(splitOfImage(relative), split);
  const splits = new Set(layout.images.map(splitOfImage));
  layout.images = layout.images.filter(isWanted);
  layout.metadata = layout.metadata.filter((name) => splitOfImage(name) === undefined || isWanted(name));
  if (split !== undefined && layout.images.length === 0) throw noSplit(dataset, split, splits);
  return {
    ...{ root: shownName(dataset, path), layout, concurrency },
    rows: (metadata) => rowsOf(dataset, byName.get(metadata) as SplitFile, signal),
    hasFile: (relative) => byName.has(relative),
    isLeftOut: (relative) => !isWanted(relative),
    contentOf: (relative) => contentOf(dataset, byName.get(relative) as SplitFile),
    splitOf: splitOfImage,
    keyOf: (relative, labels) =>
      [dataset.endpoint, dataset.id, base + relative, byName.get(relative)?.hash ?? "", labels, options].join("\n"),
  };
}

function contentOf(dataset: FoundDataset, { path, sizeBytes, hash }: SplitFile): UriContent {
  return { uri: fileUri(dataset, path), sizeBytes, ...(hash !== "" && { version: hash }) };
}

/** Copies a metadata file to the disk, and reads its rows. */
async function* rowsOf(dataset: FoundDataset, file: SplitFile, signal: AbortSignal) {
  const folder = await mkdtemp(join(tmpdir(), "sluice-hub-"));
  try {
    const copy = join(folder, file.path.slice(file.path.lastIndexOf("/") + 1));
    if (file.sizeBytes > 0)
      await pipeline(Readable.from(openUri(contentOf(dataset, file), { signal })), createWriteStream(copy));
    if (file.sizeBytes > 0) yield* metadataRows(copy, shownName(dataset, file.path));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
