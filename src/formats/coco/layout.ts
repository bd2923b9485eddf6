/** Layouts of COCO datasets: which files have the labels, of which split they are, and where the images may be. */

import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describeError, SourceError } from "../../core/errors.js";

/** A file of labels. */
export interface CocoFile {
  path: string;
  split: string | undefined;
  /** Folders where its images may be. */
  folders: string[];
}

export interface CocoLayout {
  /** Folder of the dataset, inside which the paths of images begin. */
  root: string;
  files: CocoFile[];
  /** Files that are not read, since another one has the labels of the same images. */
  others: string[];
}

/** Names of splits, with the year or without. */
const splitName = /^(train|val|valid|validation|test|trainval|minival|unlabeled|dev|testdev)[-_]?(?:20\d\d)?$/i;
/** What stands before the split in the names of COCO's own files, in the order in which they are preferred. */
const prefixes = [
  "instances",
  "person_keypoints",
  "stuff",
  "panoptic",
  "captions",
  "labels",
  "image_info",
  "annotations",
  "",
];

/** Finds the files of labels. `path` is one of them, or the folder of a dataset. @throws {SourceError} ERR_FILE_UNREADABLE, ERR_LABEL */
export function findLayout(path: string, images: string | undefined): CocoLayout {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new SourceError("ERR_FILE_UNREADABLE", `coco: ${path} does not exist`);
  if (!stats.isDirectory()) {
    const inner = basename(dirname(path)) === "annotations";
    const root = inner ? dirname(dirname(path)) : dirname(path);
    return { root, files: [fileOf(root, path, images)], others: [] };
  }
  const found = jsonFilesIn(path);
  if (found.length === 0) {
    const text = `coco: ${path} has no annotations/*.json, no _annotations.coco.json in a folder, and no other .json`;
    throw new SourceError("ERR_LABEL", `${text}; name the file of the labels`);
  }
  return { root: path, ...chosen(found.map((file) => fileOf(path, file, images))) };
}

/** Takes one file per split: its instances, if there are several. */
function chosen(files: CocoFile[]): { files: CocoFile[]; others: string[] } {
  const bySplit = new Map<string, CocoFile>();
  const others: string[] = [];
  for (const file of files) {
    const key = `${file.split ?? ""}\n${file.split === undefined ? stemParts(file.path).rest : ""}`;
    const before = bySplit.get(key);
    if (!before) bySplit.set(key, file);
    else if (rankOf(file.path) < rankOf(before.path)) {
      others.push(before.path);
      bySplit.set(key, file);
    } else others.push(file.path);
  }
  return { files: [...bySplit.values()], others };
}

function rankOf(path: string): number {
  return prefixes.indexOf(stemParts(path).prefix);
}

function stemParts(path: string): { prefix: string; rest: string } {
  const stem = basename(path).replace(/\.json$/i, "");
  const prefix = prefixes.find((one) => one !== "" && (stem === one || stem.startsWith(`${one}_`))) ?? "";
  return { prefix, rest: stem.slice(prefix === "" ? 0 : prefix.length + 1) };
}

function fileOf(root: string, path: string, images: string | undefined): CocoFile {
  const { rest } = stemParts(path);
  const folder = dirname(path);
  const isInSplit = /^_annotations\.coco\.json$/i.test(basename(path));
  const raw = isInSplit ? basename(folder) : rest;
  const match = splitName.exec(raw);
  const split = isInSplit ? (match ? raw : undefined) : match?.[1];
  if (images !== undefined) return { path, split, folders: [join(images, raw), join(images, split ?? ""), images] };
  const names = [...new Set([raw, split ?? ""])].filter((name) => name !== "");
  const folders = [
    ...names.flatMap((name) => [join(root, "images", name), join(root, name), join(root, name, "images")]),
    ...[join(root, "images"), join(root, "data"), folder, root],
  ];
  return { path, split, folders: [...new Set(isInSplit ? [folder, ...folders] : folders.filter(isFolder))] };
}

function jsonFilesIn(path: string): string[] {
  const direct = namesIn(path);
  const inAnnotations = direct.includes("annotations") ? namesIn(join(path, "annotations")) : [];
  const json = inAnnotations.filter(isJson).map((name) => join(path, "annotations", name));
  if (json.length > 0) return json;
  const inSplits = direct
    .map((name) => join(path, name, "_annotations.coco.json"))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
  if (inSplits.length > 0) return inSplits;
  return direct
    .filter((name) => isJson(name) && !/^(dataset|info|metadata|package)\.json$/i.test(name))
    .map((name) => join(path, name));
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw new SourceError("ERR_FILE_UNREADABLE", `coco: ${path} cannot be read: ${describeError(error)}`, {
      cause: error,
    });
  }
}

function isJson(name: string): boolean {
  return /\.json$/i.test(name) && !name.startsWith(".");
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
