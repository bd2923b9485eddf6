/** The images of an image folder as items of a source, wherever the folder lies. */

import { posix } from "node:path";
import type * as z from "zod";
import { SourceError } from "../../core/errors.js";
import type { Content } from "../../core/input/input.js";
import { doneEarlier, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { mapAhead } from "../../core/util/map-ahead.js";
import type { annotationOptionFields } from "../annotations/source-options.js";
import { insideOf, missingImage } from "../datasets/files.js";
import { imageItem, itemError } from "../datasets/image-item.js";
import { classesOf, classOf, type ImageFolderLayout } from "./layout.js";
import type { MetadataRow } from "./metadata.js";
import { fileNameOf, otherColumns, RowReader, textOf } from "./row.js";

/** Where an image folder lies. Paths are relative to it. */
export interface ImageTree {
  /** The folder, for people and for ids. */
  root: string;
  layout: ImageFolderLayout;
  /** Number of images that are read at the same time. */
  concurrency: number;
  rows(metadata: string): AsyncIterable<MetadataRow>;
  hasFile(relative: string): boolean;
  /** Whether an image is not read although a row names it, since it belongs to another split. Default: none. */
  isLeftOut?(relative: string): boolean;
  contentOf(relative: string): Content;
  splitOf(relative: string): string | undefined;
  /** Returns the journal key of an image with its labels, if that is known before the image is read. */
  keyOf?(relative: string, labels: string): string;
}

/** Checked options of an image folder. */
export type ItemsOptions = z.output<z.ZodObject<typeof annotationOptionFields>> & {
  labels?: "folder" | "none" | undefined;
  text?: string | undefined;
  classes?: readonly string[] | undefined;
};

/** An image that is read next, with its row, or the error of a row. */
type Next =
  | { relative: string; row?: Extract<MetadataRow, { columns: unknown }>; name?: string | undefined }
  | { origin: string; error: Error };

/** Yields the rows in their order, then the images that no row names. @throws {SourceError} ERR_FOLDER_FORMAT for a metadata.parquet */
export async function* imageFolderItems(
  tree: ImageTree,
  options: ItemsOptions,
  context: ReadContext,
): AsyncGenerator<SourceItem> {
  const { root, layout, concurrency } = tree;
  if (layout.parquet.length > 0) {
    const text = `imageFolder: ${root}/${layout.parquet[0]} is not read; convert it to metadata.jsonl`;
    throw new SourceError("ERR_FOLDER_FORMAT", text);
  }
  const read = (next: Next) => itemOf(next, tree, options, context);
  for await (const item of mapAhead(imagesOf(tree, options), concurrency, read)) {
    if (context.signal.aborted) return;
    yield item;
  }
}

async function* imagesOf(tree: ImageTree, { labels }: ItemsOptions): AsyncGenerator<Next> {
  const { layout } = tree;
  const used = new Set<string>();
  for (const metadata of layout.metadata) {
    for await (const row of tree.rows(metadata)) {
      const next = nextOf(row, metadata, tree);
      if ("relative" in next) {
        if (tree.isLeftOut?.(next.relative)) continue;
        used.add(next.relative);
      }
      yield next;
    }
  }
  const hasClasses =
    labels === undefined ? layout.metadata.length === 0 && classesOf(layout).length > 0 : labels === "folder";
  for (const relative of layout.images) {
    if (used.has(relative)) continue;
    yield { relative, name: hasClasses ? classOf(relative, layout) : undefined };
  }
}

/** Finds the image of a row. */
function nextOf(row: MetadataRow, metadata: string, { root, hasFile }: ImageTree): Next {
  const { place } = row;
  if ("error" in row) return { origin: place, error: row.error };
  try {
    const name = fileNameOf(row.columns, place);
    const folder = posix.dirname(metadata);
    const relative = insideOf(root, folder === "." ? "" : folder, name);
    if (relative !== undefined && hasFile(relative)) return { relative, row };
    throw missingImage(place, name, relative === undefined ? [] : [`${root}/${relative}`]);
  } catch (error) {
    return { origin: place, error: itemError(error) };
  }
}

async function itemOf(
  next: Next,
  tree: ImageTree,
  options: ItemsOptions,
  { isDone, isOtherShard }: ReadContext,
): Promise<SourceItem> {
  if ("error" in next) return next;
  const { relative, row, name } = next;
  const { root, layout } = tree;
  const origin = `${root}/${relative}`;
  const image = { origin, relative, content: tree.contentOf(relative), split: tree.splitOf(relative) };
  const key = isDone ? tree.keyOf?.(relative, JSON.stringify(row?.columns ?? name ?? null)) : undefined;
  if (key !== undefined && isDone?.(key)) return { origin, skipped: doneEarlier };
  const rest = { ...options, isOtherShard };
  const item = await imageItem(image, root, rest, (labeled) => {
    if (!row) return { concepts: name === undefined ? [] : [{ id: name }] };
    const { columns, place } = row;
    const frame = labeled.frame(undefined, place);
    const regions = labeled.regions(frame);
    const reader = new RowReader(options.classes, place);
    reader.addObjects(columns.objects, regions);
    const folderClass = options.labels === "folder" ? classOf(relative, layout) : undefined;
    const concepts = [...reader.concepts(columns), ...(folderClass === undefined ? [] : [{ id: folderClass }])];
    const own = otherColumns(columns, options.text);
    return { regions, frame, concepts, text: textOf(columns, options.text), metadata: own, notes: reader.notes };
  });
  return key === undefined || !("input" in item) ? item : { ...item, key };
}
