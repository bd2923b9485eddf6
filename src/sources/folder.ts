/** Source: the images, videos, audio files and texts of a folder. */

import { realpathSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { describeError, FlowError, InputError } from "../core/errors.js";
import { checkTextSize, type Described, decodeText, describeFile, kindError } from "../core/input/content.js";
import { knownType } from "../core/input/detect/detect.js";
import { isTextName } from "../core/input/detect/names.js";
import { oldTextType, unknownType } from "../core/input/detect/types.js";
import { folderName, idFromPath, idOfContent, idOfFile } from "../core/input/ids.js";
import type { FileContent, InputDraft, Kind } from "../core/input/input.js";
import { kinds } from "../core/input/kinds.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { doneEarlier, type SourceItem } from "../core/plugin/source.js";
import { formatValue } from "../core/util/format-value.js";
import { whenThere } from "../core/util/thenable.js";
import { sidecarByContent } from "./folder/sidecars.js";
import { type FoundFile, filterOf, findFiles, type Walk } from "./folder/walk.js";
import { watchFolder } from "./folder/watch.js";

type Labels = string | readonly string[] | undefined;
type LabelsOf = (relativePath: string, kind: Kind) => Labels | Promise<Labels>;
type IdOf = (relativePath: string) => string | Promise<string>;

const Globs = z.union([z.string().min(1), z.array(z.string().min(1))]).optional();
const Options = z.strictObject({
  /** Reads sub-folders. Default: true. */
  recursive: z.boolean().default(true),
  /** Kinds to yield. Default: all. With "text", every file that decodes as UTF-8 is a text; without it, .txt, .md and .text are. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Concepts: "folder" takes the name of the file's folder (none at the top); a function, which may be async, gets the relative path and the kind. */
  labels: z.union([z.literal("folder"), z.custom<LabelsOf>((value) => typeof value === "function")]).optional(),
  /**
   * What ids are made of. "folder": the own name of the folder and the path inside it. "path": the path inside the folder alone, as in 0.1. "content":
   * the bytes; a second file of the same bytes is skipped as a duplicate. Or a function of the path inside the folder, which may be async. Default: "folder".
   */
  ids: z
    .union(
      [z.enum(["folder", "path", "content"]), z.custom<IdOf>((value) => typeof value === "function")],
      'expected "folder", "path", "content" or a function',
    )
    .default("folder"),
  /** Only files whose relative path matches one of these globs, such as "*.jpg". Files that decode as UTF-8 are texts then, whatever their names. */
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
 * Reads a folder, or a single file: images, videos, audio files and texts, told apart by their content and not by their extension.
 *
 * By default a text is a file named .txt, .md or .text; others that decode as UTF-8 are skipped, unless `kinds` has "text", `include` matches them, or
 * `path` is the file itself. A file that its name or first bytes call media, and that cannot be identified, fails (ERR_KIND_UNKNOWN), and so does a
 * text in another encoding (ERR_TEXT_ENCODING). The guide has the whole table: docs/guide/upload-a-folder.md.
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
export const folder = defineSource({
  name: "folder",
  parse(path: string, options: FolderOptions = {}) {
    checkPath("folder", path);
    const checked = parseOptions("folder", Options, options, ["kinds", "include", "exclude"]);
    const root = path.replace(/(?<=[^/])\/+$/, "");
    const walk: Walk = { root, options: checked, filter: filterOf(checked) };
    return { ...checked, root, walk };
  },
  total: ({ walk, watch }, { signal }) => (watch === false ? countAll(walk, signal) : undefined),
  read({ root, walk, watch, ...options }, { signal, isDone, idle }) {
    const base = folderOf(root);
    const located: Read = { ...options, watch, at: realPath(base), ownName: folderName(base) };
    const step = (file: FoundFile) => itemOf(file, located, isDone);
    if (watch === false || !idle) return readOnce(walk, signal, step);
    const { everyMs = defaultEveryMs, quietMs = defaultQuietMs } = watch === true ? {} : watch;
    return watchFolder(walk, { signal, idle, everyMs, quietMs }, step);
  },
});

function* readOnce(
  context: Walk,
  signal: AbortSignal,
  step: (file: FoundFile) => SourceItem | Promise<SourceItem>,
): Generator<SourceItem | Promise<SourceItem>> {
  for (const found of findFiles(context)) {
    if (signal.aborted) return;
    yield "item" in found ? found.item : step(found);
  }
}

/** One file as an item: skipped where an earlier run finished it. */
function itemOf(
  file: FoundFile,
  options: Read,
  isDone: ((key: string) => boolean) | undefined,
): SourceItem | Promise<SourceItem> {
  const { path, relative } = file;
  const key = isDone && keyOf(path, relative, options);
  if (key !== undefined && isDone?.(key))
    return { origin: path, skipped: doneEarlier, id: idFromName(relative, options) };
  const item = inputOf(file, options);
  if (key === undefined) return item;
  return item instanceof Promise ? item.then((found) => withKey(found, key)) : withKey(item, key);
}

/** Longest time for which the counting of files keeps everything else waiting. */
const sliceMs = 4;

/** Walks the tree once more and opens nothing, a little at a time, so that reading goes on beside it. */
async function countAll(context: Walk, signal: AbortSignal): Promise<number | undefined> {
  let count = 0;
  let sliceEnd = performance.now() + sliceMs;
  for (const _ of findFiles(context)) {
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

/** The folder that relative paths begin in; a file that was named has the id that it has in its own folder. */
function folderOf(root: string): string {
  return statSync(root, { throwIfNoEntry: false })?.isFile() ? dirname(root) : root;
}

function realPath(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return root; // what is wrong with it shows when it is opened
  }
}

/** The id of a file that its path alone tells; undefined if it comes from the bytes or from the user's function. */
function idFromName(relative: string, { ids, ownName }: Read): string | undefined {
  if (typeof ids === "function" || ids === "content") return undefined;
  return ids === "path" ? idFromPath(relative) : idOfFile(ownName, relative);
}

/** A function is code, and what it makes of a file is not known beforehand. */
function nameOf(option: string | ((...args: never) => unknown) | undefined): string {
  return typeof option === "function" ? "function" : (option ?? "");
}

function inputOf(file: FoundFile, options: Read): SourceItem | Promise<SourceItem> {
  const { path } = file;
  try {
    const described = describeFile(path);
    const item =
      described instanceof Promise
        ? described.then((found) => complete(found, file, options))
        : complete(described, file, options);
    return item instanceof Promise ? item.catch((error: unknown) => ({ origin: path, error: asError(error) })) : item;
  } catch (error) {
    return { origin: path, error: asError(error) };
  }
}

function complete(described: Described<FileContent>, file: FoundFile, options: Read): SourceItem | Promise<SourceItem> {
  const { kind, content, text } = described;
  const { path, relative, name } = file;
  const reason = reasonToSkip(described, file, options);
  if (reason !== undefined) return { origin: path, skipped: reason };
  if (kind === undefined) return { origin: path, error: kindError(described, path) };
  const input: InputDraft = { metadata: { filename: name } };
  if (options.datasets.length > 0) input.datasets = options.datasets;
  const id = idFromName(relative, options);
  if (id !== undefined) input.id = id;
  const named = addNames(input, relative, kind, options);
  const withContent = () => addContent(input, { kind, content, text }, path, options);
  return named ? named.then(withContent) : withContent();
}

function addContent(
  input: InputDraft,
  { kind, content, text }: { kind: Kind; content: FileContent; text?: string | undefined },
  path: string,
  options: Read,
): SourceItem | Promise<SourceItem> {
  if (kind !== "text") input[kind] = content;
  else if (text !== undefined) input.text = text;
  if (options.ids !== "content" && (kind !== "text" || text !== undefined)) return asItem(path, input, options);
  return slowly(input, kind, content, path, options);
}

/** Text files that are not read by default. */
const otherText =
  'text that is not named .txt, .md or .text; kinds: ["text"] or include reads it (on the command line --kind text, --include)';

/**
 * Why a file is skipped by its content; undefined for one that is read, or that fails. The reasons name no file, so that a report and a plan count
 * the files of each.
 */
function reasonToSkip(
  { kind, content, text }: Described<FileContent>,
  file: FoundFile,
  options: Checked,
): string | undefined {
  const { kinds: asked } = options;
  const { mimeType = unknownType } = content;
  const wantsText = asked?.includes("text") ?? file.isNamed;
  if (kind === undefined && mimeType === oldTextType)
    return wantsText ? undefined : "text in another encoding than UTF-8";
  if (kind === undefined) {
    return notAKind(mimeType === unknownType ? "a type that is not known" : mimeType);
  }
  if (asked && !asked.includes(kind)) return `kind ${kind} is not asked for`;
  if (kind !== "text" || isTextName(file.path)) return undefined;
  if (!wantsText && mimeType !== "text/plain") return "text in another encoding than UTF-8";
  return sidecarByContent(file.path, text) ?? (wantsText ? undefined : otherText);
}

function notAKind(type: string): string {
  return `not an image, video, audio or text, but ${type}`;
}

/** Bytes of a text that turned out to be none, by which its type is found. */
const headBytes = 4100;

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
    checkTextSize(size, path);
    const bytes = await readFile(path);
    try {
      input.text = decodeText(bytes, path);
    } catch (error) {
      // A PDF may begin with text and go on with something else.
      const type = isTextName(path) ? undefined : await knownType(bytes.subarray(0, headBytes));
      if (type === undefined) throw error;
      return { origin: path, skipped: notAKind(type) };
    }
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

/** Adds what `labels` and `ids` return; a promise only if one of them is async. */
function addNames(
  input: InputDraft,
  relative: string,
  kind: Kind,
  { labels, ids }: Checked,
): Promise<void> | undefined {
  const setLabels = (made: Labels) => {
    const concepts = typeof made === "string" ? [made] : (made ?? []);
    if (!Array.isArray(concepts))
      input.concepts = concepts as never; // refused with the other shapes
    else if (concepts.length > 0) input.concepts = [...concepts];
  };
  if (labels === "folder") setLabels(relative.split("/").slice(-2, -1));
  const found = typeof labels === "function" ? whenThere(labels(relative, kind), setLabels) : undefined;
  const id = typeof ids === "function" ? whenThere(ids(relative), (made) => setId(input, made)) : undefined;
  return found || id ? Promise.all([found, id]).then(() => undefined) : undefined;
}

function setId(input: InputDraft, id: unknown): void {
  if (typeof id !== "string") throw new InputError("ERR_INPUT_SHAPE", `ids must return a text, got ${formatValue(id)}`);
  input.id = id;
}

function asError(error: unknown): Error {
  if (error instanceof FlowError) return error;
  const fromSystem = error instanceof Error && "syscall" in error;
  return new InputError(fromSystem ? "ERR_FILE_UNREADABLE" : "ERR_ITEM", describeError(error), { cause: error });
}
