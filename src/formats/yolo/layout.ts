/** Layouts of YOLO datasets: data.yaml, obj.data of Darknet, or a folder with images/ and labels/. */

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { describeError, SourceError } from "../../core/errors.js";
import { isObject, type Json } from "../../core/util/json/json-values.js";

/** Images of one split: folders, and lists of images. */
export interface YoloSplit {
  name: string | undefined;
  /** Folders, lists of images, and images. */
  paths: string[];
  /** Other splits that name a path, too. */
  also?: ReadonlyMap<string, readonly string[]>;
}

export interface YoloLayout {
  /** Folder of the dataset. */
  root: string;
  /** Names of the classes, by index. */
  names: string[];
  splits: YoloSplit[];
  /** Number of keypoints of an object, and of numbers for each, from `kpt_shape`. */
  keypoints: [count: number, numbers: number] | undefined;
}

const splitKeys = ["train", "val", "valid", "test", "minival"];
const nameFiles = ["classes.txt", "obj.names", "_darknet.labels", "labels.txt"];

/** Finds the parts of a dataset. @throws {SourceError} ERR_FILE_UNREADABLE, ERR_LABEL */
export async function findLayout(path: string, allowOutside: boolean): Promise<YoloLayout> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) throw new SourceError("ERR_FILE_UNREADABLE", `yolo: ${path} does not exist`);
  if (!stats.isDirectory())
    return /\.ya?ml$/i.test(path) ? fromYaml(path, allowOutside) : fromDarknet(path, allowOutside);
  const names = readdirSync(path).sort();
  const yaml = names
    .filter((name) => /^[^.].*\.ya?ml$/i.test(name))
    .sort((one) => (/^data\.ya?ml$/i.test(one) ? -1 : 0));
  for (const name of yaml) if (isDataYaml(join(path, name))) return fromYaml(join(path, name), allowOutside);
  const data = names.find((name) => /\.data$/i.test(name));
  if (data !== undefined) return fromDarknet(join(path, data), allowOutside);
  return fromFolder(path, names);
}

function isDataYaml(path: string): boolean {
  return /^\s*(names|nc)\s*:/m.test(readFileSync(path, "utf8"));
}

async function fromYaml(path: string, allowOutside: boolean): Promise<YoloLayout> {
  const { parse } = await import("yaml");
  let data: unknown;
  try {
    data = parse(readFileSync(path, "utf8").replace(/^\ufeff/, ""));
  } catch (error) {
    throw new SourceError("ERR_LABEL", `yolo: ${path} cannot be read: ${describeError(error)}`, { cause: error });
  }
  if (!isObject(data)) throw new SourceError("ERR_LABEL", `yolo: ${path} is not a data.yaml: it has no keys`);
  const root = dirname(path);
  const bases = [...(typeof data.path === "string" ? [resolve(root, data.path)] : []), resolve(root)];
  const splits: YoloSplit[] = [];
  for (const key of splitKeys) {
    const value = data[key];
    const list = (Array.isArray(value) ? value : [value]).filter((one) => typeof one === "string" && one !== "");
    if (list.length === 0) continue;
    splits.push({
      name: key,
      paths: list.map((one) => located(String(one), bases, { path, key, root, allowOutside })),
    });
  }
  if (splits.length === 0) throw new SourceError("ERR_LABEL", `yolo: ${path} names no train, val or test images`);
  return {
    root: rootOf(splits, root),
    names: namesOf(data.names, data.nc, path),
    splits: withoutRepeated(splits),
    keypoints: keypointsOf(data.kpt_shape),
  };
}

/** Names each path in one split only: that of its name if it has one, as in `val: images/train` beside `train: images/train`, else the first. */
function withoutRepeated(splits: readonly YoloSplit[]): YoloSplit[] {
  const ownerOf = (path: string) => {
    const named = splits.filter(({ paths }) => paths.includes(path));
    return named.find(({ name }) => path.split(/[/\\]/).includes(name ?? "")) ?? named[0];
  };
  const others = (path: string, own: YoloSplit) =>
    splits.flatMap((split) => (split !== own && split.paths.includes(path) ? [String(split.name)] : []));
  const own = splits.map((split) => {
    const paths = split.paths.filter((path) => ownerOf(path) === split);
    return { ...split, paths, also: new Map(paths.map((path) => [path, others(path, split)])) };
  });
  return own.filter(({ paths }) => paths.length > 0);
}

/** The dataset's own folder: that of the data.yaml, unless all images lie elsewhere. */
function rootOf(splits: readonly YoloSplit[], root: string): string {
  const isInside = splits.some(({ paths }) => paths.some((path) => !relative(root, path).startsWith("..")));
  return isInside ? root : dirname(splits[0]?.paths[0] ?? root);
}

interface Place {
  path: string;
  key: string;
  root: string;
  allowOutside: boolean;
}

/** Finds the images of a split. As ultralytics, also without a leading "../", which exports of Roboflow have. */
function located(value: string, bases: readonly string[], { path, key, root, allowOutside }: Place): string {
  const name = value.replaceAll("\\", "/");
  const stripped = name.replace(/^(\.\.\/)+/, "");
  // An absolute path of another machine, on which the folder of the dataset had the same name.
  const [, ...tail] = name.split(`/${basename(resolve(root))}/`);
  const moved = tail.length > 0 ? [resolve(root, tail.at(-1) as string)] : [];
  const candidates = [...bases.flatMap((base) => [resolve(base, name), resolve(base, stripped)]), ...moved];
  const inside = candidates.filter((one) => allowOutside || !relative(resolve(root), one).startsWith(".."));
  const found = inside.find((one) => existsSync(one));
  if (found !== undefined) return found;
  const other = candidates.find((one) => existsSync(one));
  if (other !== undefined) {
    const text = `yolo: ${path}: the ${key} images lie outside the dataset, in ${other}`;
    throw new SourceError(
      "ERR_LABEL",
      `${text}; allow that with allowOutside: true, or put data.yaml beside the images`,
    );
  }
  throw new SourceError(
    "ERR_FILE_UNREADABLE",
    `yolo: ${path}: the ${key} images are not there: ${candidates[0]} does not exist`,
  );
}

function namesOf(names: Json | undefined, count: Json | undefined, path: string): string[] {
  if (Array.isArray(names)) return names.map(String);
  if (isObject(names)) {
    const list: string[] = [];
    for (const [index, name] of Object.entries(names)) list[Number(index)] = String(name);
    return Array.from(list, (name, index) => name ?? `class_${index}`);
  }
  if (typeof count === "number") return Array.from({ length: count }, (_, index) => `class_${index}`);
  throw new SourceError("ERR_LABEL", `yolo: ${path} has no names of classes`);
}

function keypointsOf(shape: Json | undefined): [number, number] | undefined {
  const [count, numbers] = Array.isArray(shape) ? shape : [];
  return typeof count === "number" && (numbers === 2 || numbers === 3) ? [count, numbers] : undefined;
}

/** Reads obj.data of Darknet: `train = data/train.txt`, `names = data/obj.names`. */
function fromDarknet(path: string, allowOutside: boolean): YoloLayout {
  const root = dirname(path);
  const fields = new Map<string, string>();
  for (const line of readFileSync(path, "utf8").split(/\r?\n/)) {
    const match = /^\s*([a-z]+)\s*=\s*(.+?)\s*$/.exec(line);
    if (match) fields.set(match[1] as string, match[2] as string);
  }
  const find = (key: string) => {
    const value = fields.get(key);
    if (value === undefined) return undefined;
    // The paths are about the folder in which Darknet runs, which often has the dataset in data/.
    const short = value.replace(/^data\//, "");
    return located(existsSync(resolve(root, value)) ? value : short, [root], { path, key, root, allowOutside });
  };
  const splits = ["train", "valid", "test"].flatMap((key) => {
    const found = find(key);
    return found === undefined ? [] : [{ name: key, paths: [found] }];
  });
  const names = find("names");
  if (splits.length === 0 || names === undefined) {
    throw new SourceError("ERR_LABEL", `yolo: ${path} is neither a data.yaml nor an obj.data with train and names`);
  }
  return { root, names: linesOf(names), splits, keypoints: undefined };
}

/** Reads a folder without a description: images/ and labels/, with the classes in classes.txt. */
function fromFolder(path: string, names: readonly string[]): YoloLayout {
  const file = nameFiles.find((name) => names.includes(name));
  const hasLabels = names.includes("labels") || names.some((name) => /\.txt$/i.test(name) && !nameFiles.includes(name));
  if (file === undefined || !hasLabels) {
    const what = `yolo: ${path} has no data.yaml, no obj.data, and no classes.txt beside labels`;
    throw new SourceError("ERR_LABEL", `${what}; a folder for each class is read by imageFolder`);
  }
  const images = join(path, "images");
  const splits = [{ name: undefined, paths: [existsSync(images) ? images : path] }];
  return { root: path, names: linesOf(join(path, file)), splits, keypoints: undefined };
}

/** Reads the lines of a text. */
export function linesOf(path: string): string[] {
  const lines = readFileSync(path, "utf8")
    .replace(/^\ufeff/, "")
    .split(/\r?\n/);
  return lines.map((line) => line.trim()).filter((line) => line !== "");
}
