/** The folders of a VOC dataset: the devkit's (Annotations, JPEGImages, ImageSets), annotations beside images, and loose files. */

import { readFileSync } from "node:fs";
import { filesBelow, filesIn, folderNamed, foldersIn, isFile, isImageName, stemOf } from "../datasets/files.js";

/** A pair of folders, relative to the dataset; "" is the dataset itself. */
export interface VocFolder {
  /** Folder of the XML files. */
  labels: string;
  /** Folder of the images. */
  images: string;
  /** Folder of the lists of splits, and of the masks. */
  base: string;
}

/** Finds the folders. `images` is the option of the source. */
export function vocFolders(root: string, images: string | undefined): VocFolder[] {
  const found =
    foldersAt(root, "", images) ??
    foldersIn(root).flatMap((name) => foldersAt(root, name, images) ?? yearsIn(root, name, images));
  return found.length > 0 ? found : [{ labels: "", images: images ?? "", base: "" }];
}

/** Finds the years of a devkit that lies in a folder of its own, as in its archives. */
function yearsIn(root: string, name: string, images: string | undefined): VocFolder[] {
  return foldersIn(`${root}/${name}`).flatMap((year) => foldersAt(root, `${name}/${year}`, images) ?? []);
}

function foldersAt(root: string, base: string, images: string | undefined): VocFolder[] | undefined {
  const path = base === "" ? root : `${root}/${base}`;
  const labels = folderNamed(path, "Annotations", "labels", "xml", "xmls");
  const pictures =
    images === undefined ? folderNamed(path, "JPEGImages", "images", "imgs", "img") : `${path}/${images}`;
  if (labels === undefined || (pictures === undefined && base !== "" && !folderNamed(path, "ImageSets")))
    return undefined;
  const relative = (folder: string) => folder.slice(root.length + 1);
  return [{ labels: relative(labels), images: pictures === undefined ? base : relative(pictures), base }];
}

/** The files of a pair of folders. */
export interface VocFiles {
  /** XML files, relative to the dataset, in order. */
  labels: string[];
  /** Images by their path without extension inside the folder of images. */
  images: Map<string, string>;
}

/** Lists the XML files and images. */
export function vocFiles(root: string, { labels, images }: VocFolder): VocFiles {
  const under = (folder: string) => [...filesBelow(root, "voc", folder)];
  const files: VocFiles = { labels: under(labels).filter((name) => /\.xml$/i.test(name)), images: new Map() };
  for (const name of under(images)) if (isImageName(name)) files.images.set(stemOf(inside(name, images)), name);
  return files;
}

/** Returns the path inside a folder. */
export function inside(relative: string, folder: string): string {
  return folder === "" ? relative : relative.slice(folder.length + 1);
}

/** The splits of images, by their path without extension. */
export type VocSplits = ReadonlyMap<string, readonly string[]>;

/** Lists that are part of others come last, so that "train" wins over "trainval". */
const order = ["train", "val", "test", "trainval"];

/** Reads the lists of images in ImageSets/Main, or in the other folders there if that has none. Lists of single classes are no splits. */
export function vocSplits(root: string, { base }: VocFolder): VocSplits {
  const splits = new Map<string, string[]>();
  const path = folderNamed(base === "" ? root : `${root}/${base}`, "ImageSets");
  if (path === undefined) return splits;
  for (const folder of [
    folderNamed(path, "Main"),
    folderNamed(path, "Segmentation"),
    folderNamed(path, "Layout"),
    path,
  ]) {
    if (folder === undefined) continue;
    for (const [split, ids] of listsIn(folder))
      for (const id of ids) splits.set(id, [...(splits.get(id) ?? []), split]);
    if (splits.size > 0) break;
  }
  return splits;
}

function listsIn(folder: string): [string, string[]][] {
  const names = filesIn(folder).filter((name) => name.endsWith(".txt"));
  const splits = names.map((name) => name.slice(0, -".txt".length)).sort((a, b) => rankOf(a) - rankOf(b));
  return splits.flatMap((split): [string, string[]][] => {
    const lines = readFileSync(`${folder}/${split}.txt`, "utf8")
      .split(/\r?\n/)
      .map((line) => line.trim())
      .filter((line) => line !== "");
    const isOfClass = lines.length > 0 && lines.every((line) => /\s-?[01]$/.test(line));
    return isOfClass ? [] : [[split, lines.map((line) => stemOfId(line))]];
  });
}

/** An id of a list. Some tools write it with the extension of the image. */
function stemOfId(id: string): string {
  return isImageName(id) ? stemOf(id) : id;
}

function rankOf(split: string): number {
  const rank = order.indexOf(split);
  return rank < 0 ? order.length : rank;
}

/** Reads the declared classes: `labelmap.txt` of CVAT, or the names of the lists of single classes. */
export function vocClasses(root: string, folder: VocFolder): string[] | undefined {
  const base = folder.base === "" ? root : `${root}/${folder.base}`;
  for (const name of [`${base}/labelmap.txt`, `${root}/labelmap.txt`]) {
    if (!isFile(name)) continue;
    const lines = readFileSync(name, "utf8")
      .split(/\r?\n/)
      .filter((line) => line.trim() !== "" && !line.startsWith("#"));
    return lines.map((line) => line.split(":")[0] ?? "").filter((label) => label !== "background" && label !== "");
  }
  const main = folderNamed(`${base}/ImageSets`, "Main");
  if (main === undefined) return undefined;
  const classes = filesIn(main).flatMap((name) => /^(.+)_(?:train|val|trainval|test)\.txt$/.exec(name)?.[1] ?? []);
  return classes.length > 0 ? [...new Set(classes)].sort() : undefined;
}
