/** Chooses the files of a dataset that are read: those of a config and a split. */

import { SourceError } from "../../core/errors.js";
import { isImageName } from "../datasets/files.js";
import { metadataNames, parquetName } from "../image-folder/metadata.js";
import { type Config, configsOf, type SplitFile } from "./card.js";
import { parquetRevision, shownName } from "./dataset-name.js";
import type { FoundDataset, HubFile } from "./list-tree.js";
import { splitOfName, splitOfPath } from "./splits.js";

/** What is read of a dataset. */
export interface Wanted {
  revision: string | undefined;
  path: string;
  config: string | undefined;
}

/** The files of a dataset: Parquet files, or an image folder. */
export type DatasetFiles =
  | { form: "parquet"; tables: SplitFile[]; others: HubFile[] }
  | { form: "images"; files: SplitFile[] };

/** Chooses the files of a config, and says what they are. @throws {SourceError} ERR_HF_FILES */
export function datasetFiles(dataset: FoundDataset, files: readonly HubFile[], wanted: Wanted): DatasetFiles {
  const visible = files.filter(({ path }) => !path.split("/").some((part) => /^(?:\.|__)/.test(part)));
  visible.sort((one, other) => (one.path < other.path ? -1 : 1));
  const chosen = filesOfConfig(dataset, visible, wanted);
  const hasImages = chosen.some(({ path }) => isImageName(path));
  const isTable = ({ path }: HubFile) => /\.parquet$/i.test(path) && !(hasImages && lastOf(path) === parquetName);
  const tables = chosen.filter(isTable);
  if (tables.length > 0) {
    const withSplits = tables.map((file) => ({ ...file, split: file.split ?? splitOfPath(file.path) }));
    return { form: "parquet", tables: withSplits, others: chosen.filter((file) => !isTable(file)) };
  }
  if (hasImages) return { form: "images", files: withMetadata(chosen, visible) };
  throw unsupported(dataset, chosen, wanted);
}

/** Adds the metadata files beside the files of a config: a glob for images does not match them. */
function withMetadata(chosen: readonly SplitFile[], visible: readonly HubFile[]): SplitFile[] {
  const known = new Set(chosen.map(({ path }) => path));
  const folders = new Set(chosen.flatMap(({ path }) => foldersOf(path)));
  const beside = visible.filter(
    ({ path }) => metadataNames.includes(lastOf(path)) && !known.has(path) && folders.has(folderOf(path)),
  );
  return [...chosen, ...beside].sort((one, other) => (one.path < other.path ? -1 : 1));
}

/** Keeps the tables of a split. @throws {SourceError} ERR_HF_FILES */
export function ofSplit(dataset: FoundDataset, files: readonly SplitFile[], split: string | undefined): SplitFile[] {
  if (split === undefined) return [...files];
  const found = files.filter((file) => file.split === split);
  if (found.length === 0) throw noSplit(dataset, split, new Set(files.map((file) => file.split)));
  return found;
}

/** Makes the error of a split that a dataset does not have. */
export function noSplit(dataset: FoundDataset, split: string, known: Iterable<string | undefined>): SourceError {
  const names = [...known].filter((name) => name !== undefined);
  const which = names.length > 0 ? `its splits are ${listed(names)}` : "its files name no splits";
  return filesError(`${shownName(dataset, "")} has no split "${split}"; ${which}`);
}

/** Whether an image of a folder `name` belongs to a split: `val` is validation, too. */
export function isInSplit(name: string | undefined, split: string): boolean {
  return name !== undefined && (name === split || splitOfName(name) === split);
}

function filesOfConfig(dataset: FoundDataset, files: HubFile[], { revision, path, config }: Wanted): SplitFile[] {
  const configs = path === "" || config !== undefined ? configsOf(dataset.card) : [];
  if (configs.length > 0) return configOf(dataset, configs, config).filesIn(files);
  if (revision === parquetRevision && path === "") return ofConversion(dataset, files, config);
  const base = config === undefined ? "" : `${config}/`;
  const found = files.filter((file) => file.path.startsWith(base));
  if (found.length === 0 && config !== undefined)
    throw filesError(
      `${shownName(dataset, "")} has no config "${config}"; its card names no configs, and no folder has this name`,
    );
  return found;
}

function configOf(dataset: FoundDataset, configs: readonly Config[], config: string | undefined): Config {
  const [first] = configs;
  const found =
    config === undefined
      ? (configs.find(({ isDefault }) => isDefault) ??
        configs.find(({ name }) => name === "default") ??
        (configs.length === 1 ? first : undefined))
      : configs.find(({ name }) => name === config);
  if (found) return found;
  throw chooseConfig(
    dataset,
    config,
    configs.map(({ name }) => name),
  );
}

/** The copy that the hub makes of a dataset has a folder for each config, and in it one for each split. */
function ofConversion(dataset: FoundDataset, files: readonly HubFile[], config: string | undefined): SplitFile[] {
  const inFolders = files.filter(({ path }) => path.split("/").length === 3);
  const names = [...new Set(inFolders.map(({ path }) => path.split("/")[0] ?? ""))];
  const name = config ?? (names.includes("default") ? "default" : names.length === 1 ? names[0] : undefined);
  if (name === undefined || !names.includes(name)) throw chooseConfig(dataset, config, names);
  return inFolders
    .filter(({ path }) => path.startsWith(`${name}/`))
    .map((file) => ({ ...file, split: file.path.split("/")[1]?.replace(/^partial-/, "") }));
}

function chooseConfig(dataset: FoundDataset, config: string | undefined, names: readonly string[]): SourceError {
  const fact = config === undefined ? "has several configs, and no default" : `has no config "${config}"`;
  const step = names.length > 0 ? `name one of ${listed(names)} (config)` : "it has no config at all";
  return filesError(`${shownName(dataset, "")} ${fact}; ${step}`);
}

function unsupported(dataset: FoundDataset, chosen: readonly HubFile[], { revision, path }: Wanted): SourceError {
  const counts = new Map<string, number>();
  for (const file of chosen) {
    const [extension = "no extension"] = /\.[^./]+$/.exec(lastOf(file.path)) ?? [];
    counts.set(extension, (counts.get(extension) ?? 0) + 1);
  }
  const found = [...counts].sort((one, other) => other[1] - one[1]).map(([name, count]) => `${count} ${name}`);
  const what = found.length > 0 ? `it has ${listed(found)}` : "it has no files";
  const copy = `hf://datasets/${dataset.id}@${parquetRevision}`;
  const step =
    revision === parquetRevision || found.length === 0
      ? "check the config and the path"
      : `read ${copy}, where the hub keeps a Parquet copy of most datasets, or download the files`;
  return filesError(`${shownName(dataset, path)} has no Parquet files and no images; ${what}; ${step}`);
}

function filesError(text: string): SourceError {
  return new SourceError("ERR_HF_FILES", `huggingFace: ${text}`);
}

/** Lists names for an error text. */
function listed(names: readonly string[]): string {
  const shown = names.slice(0, 20).join(", ");
  return names.length > 20 ? `${shown} and ${names.length - 20} more` : shown;
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Returns all folders that a file lies in, the whole dataset included. */
function foldersOf(path: string): string[] {
  const parts = path.split("/").slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join("/")).concat("");
}
