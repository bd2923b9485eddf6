/** Source: the images, videos, audio files and texts of a folder. */

import { createHash } from "node:crypto";
import { createReadStream, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { checkTextSize, type Described, decodeText, describeFile, kindError } from "../core/content.js";
import { knownType } from "../core/detect/detect.js";
import { isTextName } from "../core/detect/names.js";
import { oldTextType, unknownType } from "../core/detect/types.js";
import { describeError, FlowError, InputError } from "../core/errors.js";
import { idFromPath } from "../core/ids.js";
import type { FileContent, InputDraft, Kind } from "../core/input.js";
import { kinds } from "../core/kinds.js";
import { limits } from "../core/limits.js";
import { checkPath, doneEarlier, type OptionsOf, parseOptions, type Source, type SourceItem } from "../core/plugin.js";
import { sidecarByContent } from "./folder-sidecars.js";
import { type FoundFile, filterOf, findFiles, type Walk } from "./folder-walk.js";
import { watchFolder } from "./folder-watch.js";

type LabelsOf = (relativePath: string, kind: Kind) => string | readonly string[] | undefined;
type IdOf = (relativePath: string) => string;

const Globs = z.union([z.string().min(1), z.array(z.string().min(1))]).optional();
const Options = z.strictObject({
  /** Reads sub-folders. Default: true. */
  recursive: z.boolean().default(true),
  /** Kinds to yield. Default: all. With "text", every file that decodes as UTF-8 is a text; without it, .txt, .md and .text are. */
  kinds: z.array(z.enum(kinds)).min(1).optional(),
  /** Concepts: "folder" takes the name of the file's folder (none at the top); a function gets the relative path and the kind. */
  labels: z.union([z.literal("folder"), z.custom<LabelsOf>((value) => typeof value === "function")]).optional(),
  /** Ids: from the relative path (default), from the bytes ("content"), or from a function of the relative path. */
  ids: z.union([z.enum(["path", "content"]), z.custom<IdOf>((value) => typeof value === "function")]).default("path"),
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
 * handles; only texts are read here (UTF-8, below 20 MB). Each input keeps its file's name as `metadata.filename` and gets an id made
 * from its relative path.
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
      const step = (file: FoundFile) => itemOf(file, checked, isDone);
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
  for (const found of findFiles(context)) {
    if (signal.aborted) return;
    yield "item" in found ? found.item : step(found);
  }
}

/** One file as an item: skipped where an earlier run finished it. */
function itemOf(
  file: FoundFile,
  options: Checked,
  isDone: ((key: string) => boolean) | undefined,
): SourceItem | Promise<SourceItem> {
  const key = isDone && keyOf(file.path, file.relative, options);
  if (key !== undefined && isDone?.(key)) return { origin: file.path, skipped: doneEarlier };
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

/** What a journal knows a file by, without opening it: its name, size and time, and what the options make of it. */
function keyOf(path: string, relative: string, { labels, ids, datasets }: Checked): string | undefined {
  try {
    const { size, mtimeMs } = statSync(path);
    return `${relative}\n${size}\n${mtimeMs}\n${nameOf(labels)}\n${nameOf(ids)}\n${datasets.join()}`;
  } catch {
    return undefined; // what is wrong with it shows when it is opened
  }
}

/** A function is code, and what it makes of a file is not known beforehand. */
function nameOf(option: string | ((...args: never) => unknown) | undefined): string {
  return typeof option === "function" ? "function" : (option ?? "");
}

function inputOf(file: FoundFile, options: Checked): SourceItem | Promise<SourceItem> {
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

function complete(
  described: Described<FileContent>,
  file: FoundFile,
  options: Checked,
): SourceItem | Promise<SourceItem> {
  const { kind, content, text } = described;
  const { path, relative, name } = file;
  const reason = reasonToSkip(described, file, options);
  if (reason !== undefined) return { origin: path, skipped: reason };
  if (kind === undefined) return { origin: path, error: kindError(described, path) };
  const input: InputDraft = { metadata: { filename: name } };
  const concepts = labelsOf(relative, kind, options);
  if (concepts.length > 0) input.concepts = concepts;
  if (options.datasets.length > 0) input.datasets = options.datasets;
  if (typeof options.ids === "function") input.id = options.ids(relative);
  else if (options.ids === "path") input.id = idFromPath(relative);
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
  if (!wantsText) return mimeType === "text/plain" ? otherText : "text in another encoding than UTF-8";
  return sidecarByContent(file.path, text);
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
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    input.id = hash.digest("hex").slice(0, limits.maxIdLength);
  }
  return asItem(path, input, options);
}

/** What this source made by itself needs no check; what the user's functions gave does. */
function asItem(origin: string, input: InputDraft, { labels, ids }: Checked): SourceItem {
  return typeof labels === "function" || typeof ids === "function"
    ? { origin, input }
    : { origin, input, checked: true };
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
