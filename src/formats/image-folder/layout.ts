/** The layout of an image folder: its images, metadata files, splits and classes. */

import { filesBelow, isImageName } from "../datasets/files.js";
import { isSplitName } from "../datasets/splits.js";
import { metadataNames, parquetName } from "./metadata.js";

export interface ImageFolderLayout {
  /** Metadata files, relative to the folder. */
  metadata: string[];
  /** Metadata files that are not read. */
  parquet: string[];
  /** Images, relative to the folder, in order. */
  images: string[];
  /** Whether the top folders are splits. */
  hasSplits: boolean;
  /** Number of leading parts of a path before the split or the class: 1 if everything lies in a folder `data`. */
  skip: number;
}

/** Lists an image folder. @throws {SourceError} ERR_FOLDER_UNREADABLE */
export function layoutOf(root: string): ImageFolderLayout {
  return layoutOfNames(filesBelow(root, "imageFolder"));
}

/** Finds the layout of a folder by the paths of its files, relative to it and in order. */
export function layoutOfNames(names: Iterable<string>): ImageFolderLayout {
  const layout: ImageFolderLayout = { metadata: [], parquet: [], images: [], hasSplits: false, skip: 0 };
  for (const name of names) {
    const last = name.slice(name.lastIndexOf("/") + 1);
    if (metadataNames.includes(last)) layout.metadata.push(name);
    else if (last === parquetName) layout.parquet.push(name);
    else if (isImageName(last)) layout.images.push(name);
  }
  const tops = topFolders(layout, 0);
  layout.skip = tops.length === 1 && tops[0] === "data" ? 1 : 0;
  const candidates = topFolders(layout, layout.skip);
  // A class may be named "train": folders are splits only if all of them are named like splits.
  layout.hasSplits = candidates.length > 0 && candidates.every(isSplitName);
  return layout;
}

function topFolders({ images, metadata }: ImageFolderLayout, skip: number): string[] {
  const parts = [...images, ...metadata].map((name) => name.split("/")).filter(({ length }) => length > skip + 1);
  return [...new Set(parts.map((path) => path[skip] ?? ""))];
}

/** Returns the split of an image. */
export function splitOf(relative: string, { hasSplits, skip }: ImageFolderLayout): string | undefined {
  const parts = relative.split("/");
  return hasSplits && parts.length > skip + 1 ? parts[skip] : undefined;
}

/** Returns the class of an image: the name of its folder, if that is below the split. */
export function classOf(relative: string, { hasSplits, skip }: ImageFolderLayout): string | undefined {
  const folders = relative.split("/").slice(skip + (hasSplits ? 1 : 0), -1);
  return folders.at(-1);
}

/** Returns the classes in order of their code points, as torchvision numbers them. One folder alone is not a class, as for Hugging Face. */
export function classesOf(layout: ImageFolderLayout): string[] {
  const names = new Set<string>();
  for (const image of layout.images) {
    const name = classOf(image, layout);
    if (name !== undefined) names.add(name);
  }
  return names.size > 1 ? [...names].sort() : [];
}
