/** Source: the images, videos, audio files and texts of a folder. */

import { realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { type Described, decodeText, describeFile } from "../core/content.js";
import { describeError, FlowError, InputError } from "../core/errors.js";
import { folderName, idFromPath, idOfContent, idOfFile } from "../core/ids.js";
import type { FileContent, InputDraft, Kind } from "../core/input.js";
import { kinds } from "../core/kinds.js";
import { limits } from "../core/limits.js";
import { checkPath, doneEarlier, type OptionsOf, parseOptions, type Source, type SourceItem } from "../core/plugin.js";
import { type FoundFile, filterOf, type Walk, walk } from "./folder-walk.js";
import { watchFolder } from "./folder-watch.js";

type LabelsOf = (relativePath: string, kind: Kind) => string | readonly string[] | undefined;
type IdOf = (relativePath: string) => string;

const Globs = z.union([z.string().min(1), z.array(z.string().min(1))]).optional();
const Options = z.strictObject({
  /** Reads sub-folders. Default: true. */
  recursive: z.boolean().default(true),
  /** Kinds to yield. Default: all. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Concepts: "folder" takes the name of the file's folder (none at the top); a function gets the relative path and the kind. */
  labels: z.union([z.literal("folder"), z.custom<LabelsOf>((value) => typeof value === "function")]).optional(),
  /**
   * What ids are made of. "folder": the own name of the folder and the path inside it. "path": the path inside the folder alone, as in 0.1. "content":
   * the bytes; a second file of the same bytes is skipped as a duplicate. Or a function of the path inside the folder. Default: "folder".
   */
  ids: z
    .union([z.enum(["folder", "path", "content"]), z.custom<IdOf>((value) => typeof value === "function")])
    .default("folder"),
  /** Only files whose relative path matches one of these globs, such as "*.jpg". */
  include: Globs,
  /** No files or folders whose relative path matches one of these globs. */
  exclude: Globs,
  /** Reads names that begin with a dot. Default: false. */
  hidden: z.boolean().default(false),
  /** Reads the files and folders that symbolic links point to; a link to a folder that it lies in is passed over. Default: false. */
  followSymlinks: z.boolean().default(false),
  /** Datasets that every input joins. */
  datasets: z.array(z.string().min(1)).default([]),
  /**
   * Goes on with files that are added or changed, until the run is stopped. `everyMs`: the folder is looked at again after so many milliseconds, or nine
   * times what a look takes (but 30 s), where that is more (default: 1000); `quietMs`: a file is taken when its size and time have not changed for so long
   * (default: 2000). Default: false.
   */
  watch: z
    .union([
      z.boolean(),
      z.strictObject({
        everyMs: z.number().min(1).max(86_400_000).optional(),
        quietMs: z.number().min(0).max(86_400_000).optional(),
      }),
    ])
    .default(false),
});
/** Options of `folder`. */
export type FolderOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;
/** A folder that is being read: the checked options, and where it really is. */
interface Read extends Checked {
  /** Its real path, which a journal knows its files by. */
  at: string;
  /** Its own name, which is part of its files' ids. */
  ownName: string;
}

const defaultEveryMs = 1000;
const defaultQuietMs = 2000;

/**
 * Reads a folder: images, videos, audio files and texts, told apart by their content and not by their extension.
 *
 * The tree is walked as the flow asks for more, folder by folder, in the order of the file system; it is never listed as a whole. Contents are
 * handles; only texts are read here (UTF-8, below 20 MB). Each input keeps its file's name as `metadata.filename`. Its id is made of the folder's own
 * name and the path inside it, however the folder's path is typed; `ids` changes that.
 *
 * Every file that is passed over is in the report with its reason (hidden, symbolic link, excluded, other kind, unknown type). A file, link or
 * sub-folder that cannot be read fails alone. An early stop closes the folders that are open.
 *
 * With `watch` it never ends by itself: what is there is read first, then what is added or changed, when nobody writes to it any more. A changed file
 * is read again, under the same id; a renamed one is a new one; what is deleted is forgotten. It works on every file system, since it looks again
 * instead of waiting to be told. Plans and previews read what is there.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE when the folder itself cannot be read
 * @example await flow(folder("./photos", { labels: "folder", kinds: ["image"] })).pipe(batch(), upload(app)).run();
 */
export function folder(path: string, options: FolderOptions = {}): Source {
  checkPath("folder", path);
  const checked = parseOptions("folder", Options, options);
  const root = path.replace(/(?<=[^/])\/+$/, "");
  const context: Walk = { root, options: checked, filter: filterOf(checked) };
  const { watch } = checked;
  return {
    name: "folder",
    total: watch === false ? ({ signal }) => countAll(context, signal) : undefined,
    read({ signal, isDone, idle }) {
      const located: Read = { ...checked, at: realPath(root), ownName: folderName(root) };
      const step = (file: FoundFile) => itemOf(file, located, isDone);
      if (watch === false || !idle) return readOnce(context, signal, step);
      const { everyMs = defaultEveryMs, quietMs = defaultQuietMs } = watch === true ? {} : watch;
      return watchFolder(context, { signal, idle, everyMs, quietMs }, step);
    },
  };
}

function* readOnce(
  context: Walk,
  signal: AbortSignal,
  step: (file: FoundFile) => SourceItem | Promise<SourceItem>,
): Generator<SourceItem | Promise<SourceItem>> {
  for (const found of walk(context, "", [])) {
    if (signal.aborted) return;
    yield "item" in found ? found.item : step(found);
  }
}

/** One file as an item: skipped where an earlier run finished it. */
function itemOf(
  { path, relative, name }: FoundFile,
  options: Read,
  isDone: ((key: string) => boolean) | undefined,
): SourceItem | Promise<SourceItem> {
  const key = isDone && keyOf(path, relative, options);
  if (key !== undefined && isDone?.(key))
    return { origin: path, skipped: doneEarlier, id: idBeforeOpening(relative, options) };
  const item = inputOf(path, relative, name, options);
  if (key === undefined) return item;
  return item instanceof Promise ? item.then((found) => withKey(found, key)) : withKey(item, key);
}

/** Longest time for which the counting of files keeps everything else waiting. */
const sliceMs = 4;

/** Walks the tree once more and opens nothing, a little at a time, so that reading goes on beside it. */
async function countAll(context: Walk, signal: AbortSignal): Promise<number | undefined> {
  let count = 0;
  let sliceEnd = performance.now() + sliceMs;
  for (const _ of walk(context, "", [])) {
    count += 1;
    if (performance.now() < sliceEnd) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (signal.aborted) return undefined;
    sliceEnd = performance.now() + sliceMs;
  }
  return count;
}

function withKey(item: SourceItem, key: string): SourceItem {
  return "input" in item ? { ...item, key } : item;
}

/** What a journal knows a file by, without opening it: its real path, size and time, and what the options make of it. */
function keyOf(path: string, relative: string, { labels, ids, datasets, at }: Read): string | undefined {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${at}/${relative}\n${size}\n${mtimeMs}\n${nameOf(labels)}\n${nameOf(ids)}\n${datasets.join()}`;
  } catch {
    return undefined; // what is wrong with it shows when it is opened
  }
}

function realPath(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root; // what is wrong with it shows when it is opened
  }
}

/** The id of a file, as far as its path tells it. @throws what the user's function throws */
function idOf(relative: string, { ids, ownName }: Read): string | undefined {
  if (typeof ids === "function") return ids(relative);
  if (ids === "content") return undefined;
  return ids === "path" ? idFromPath(relative) : idOfFile(ownName, relative);
}

/** The id of a file that is not read again. */
function idBeforeOpening(relative: string, options: Read): string | undefined {
  return typeof options.ids === "function" ? undefined : idOf(relative, options);
}

/** A function is code, and what it makes of a file is not known beforehand. */
function nameOf(option: string | ((...args: never) => unknown) | undefined): string {
  return typeof option === "function" ? "function" : (option ?? "");
}

function inputOf(path: string, relative: string, name: string, options: Read): SourceItem | Promise<SourceItem> {
  try {
    const described = describeFile(path);
    const item =
      described instanceof Promise
        ? described.then((found) => complete(found, path, relative, name, options))
        : complete(described, path, relative, name, options);
    return item instanceof Promise ? item.catch((error: unknown) => ({ origin: path, error: asError(error) })) : item;
  } catch (error) {
    return { origin: path, error: asError(error) };
  }
}

function complete(
  { kind, content, text }: Described<FileContent>,
  path: string,
  relative: string,
  name: string,
  options: Read,
): SourceItem | Promise<SourceItem> {
  if (kind === undefined) return { origin: path, skipped: "not an image, video, audio or text" };
  if (options.kinds && !options.kinds.includes(kind)) return { origin: path, skipped: `kind ${kind} is not asked for` };
  const input: InputDraft = { metadata: { filename: name } };
  const concepts = labelsOf(relative, kind, options);
  if (concepts.length > 0) input.concepts = concepts;
  if (options.datasets.length > 0) input.datasets = options.datasets;
  const id = idOf(relative, options);
  if (id !== undefined) input.id = id;
  if (kind !== "text") input[kind] = content;
  else if (text !== undefined) input.text = text;
  if (options.ids !== "content" && (kind !== "text" || text !== undefined)) return asItem(path, input, options);
  return slowly(input, kind, content, path, options);
}

/** What needs the whole file: a text that is not small, an id made from the bytes. */
async function slowly(
  input: InputDraft,
  kind: Kind,
  content: FileContent,
  path: string,
  options: Checked,
): Promise<SourceItem> {
  const size = content.sizeBytes ?? 0;
  if (kind === "text" && input.text === undefined) {
    if (size >= limits.maxItemBytes.text) {
      const text = `${path} has ${size} bytes; a text must have less than ${limits.maxItemBytes.text}`;
      return { origin: path, error: new InputError("ERR_ITEM_TOO_LARGE", text) };
    }
    input.text = decodeText(await readFile(path), path);
  }
  if (options.ids === "content") {
    input.id = await idOfContent(path);
  }
  return asItem(path, input, options);
}

/** What this source made by itself needs no check; what the user's functions gave does. */
function asItem(origin: string, input: InputDraft, { labels, ids, watch }: Checked): SourceItem {
  const sameId = ids === "content" ? "duplicate" : watch === false ? "file" : "again";
  return typeof labels === "function" || typeof ids === "function"
    ? { origin, input, sameId }
    : { origin, input, checked: true, sameId };
}

function labelsOf(relative: string, kind: Kind, { labels }: Checked): string[] {
  if (labels === undefined) return [];
  if (labels === "folder") return relative.split("/").slice(-2, -1);
  const made = labels(relative, kind) ?? [];
  return typeof made === "string" ? [made] : [...made];
}

function asError(error: unknown): Error {
  if (error instanceof FlowError) return error;
  const fromSystem = error instanceof Error && "syscall" in error;
  return new InputError(fromSystem ? "ERR_FILE_UNREADABLE" : "ERR_ITEM", describeError(error), { cause: error });
}
