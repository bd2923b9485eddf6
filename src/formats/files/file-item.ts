/** Makes an item of one file of a folder or an archive: an input with id, concepts and content, or the reason why there is none. */

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describeError, FlowError, InputError } from "../../core/errors.js";
import { checkTextSize, decodeText, readContent, sizeOfContent } from "../../core/input/content.js";
import { type Described, describeContent, describeFile, kindError } from "../../core/input/describe.js";
import { knownType } from "../../core/input/detect/detect.js";
import { isTextName } from "../../core/input/detect/names.js";
import { oldTextType, unknownType } from "../../core/input/detect/types.js";
import { idFromPath, idOfBytes, idOfContent, idOfFile } from "../../core/input/ids.js";
import type { InputDraft, Kind, ReadableContent } from "../../core/input/input.js";
import { doneEarlier, type ReadContext, type SourceItem } from "../../core/plugin/source.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { whenThere } from "../../core/util/thenable.js";
import { addSidecars, type Sidecars, stateOfSidecars } from "./pairs.js";
import { readHead, sidecarByContent } from "./sidecars.js";

type Labels = string | readonly string[] | undefined;
/** Returns the concepts of a file. */
export type LabelsOf = (relativePath: string, kind: Kind) => Labels | Promise<Labels>;
/** Returns the id of a file. */
export type IdOf = (relativePath: string) => string | Promise<string>;

/** A file that was found. */
export interface FoundFile {
  /** Path of the file, or of the entry behind the path of its archive. It is the origin of the input. */
  path: string;
  /** Path inside the folder or the archive. */
  relative: string;
  name: string;
  /** Whether the user named the file: as the path of the source, or by `include`. */
  isNamed: boolean;
  /** Where its bytes are, if that is not its path. */
  content?: ReadableContent | undefined;
  /** Its caption and its data, with the option `pairs`. */
  sidecars?: Sidecars | undefined;
  /** Its id by the user's function, if that was called before the file is opened. */
  id?: string | undefined;
}

/** Options of a source that concern single files, and the folder or archive that is read. */
export interface FileOptions {
  kinds?: readonly Kind[] | undefined;
  labels?: "folder" | LabelsOf | undefined;
  ids: "folder" | "path" | "content" | IdOf;
  datasets: string[];
  /** Whether a file may be read again after a change. */
  isWatched: boolean;
  /** Whether a journal records the files. */
  isJournaled: boolean;
  /** Real path of the folder, for journal keys. */
  realPath: string;
  /** Name of the folder, for ids. */
  folderName: string;
  /** Makes the id of a file from its origin; undefined if the id does not depend on the path alone. */
  idOfOrigin(origin: string): string | undefined;
}

type MaybePromise<T> = T | Promise<T>;

/** The reason of a text that is not read by default. */
const otherText =
  'text that is not named .txt, .md or .text; kinds: ["text"] or include reads it (on the command line --kind text, --include)';

/** Bytes of a file that began like a text, from which its type is detected. */
const headBytes = 4100;

/** Makes an item of one file. A file that an earlier run finished is skipped without being opened. */
export function itemOfFile(
  file: FoundFile,
  options: FileOptions,
  isDone: ReadContext["isDone"],
): MaybePromise<SourceItem> {
  if (isDone?.(() => keyOfUnopened(file, options)))
    return { origin: file.path, skipped: doneEarlier, id: options.idOfOrigin };
  return readItem(file, options);
}

/** Returns the journal key of a file without opening it; undefined if the file cannot be examined, and opening it reports the error. */
export function keyOfUnopened(file: FoundFile, options: FileOptions): string | undefined {
  try {
    const { content } = file;
    if (content) return journalKeyOf(file, stateOf(content), options);
    const { size, mtimeMs } = statSync(file.path);
    return journalKeyOf(file, `${size}\n${mtimeMs}`, options);
  } catch {
    return undefined;
  }
}

/**
 * Returns the key by which a journal knows a file: real path, size, time, and the options that form its input; for a pair, also
 * the names, sizes and times of its sidecars. A function among the options is code whose
 * result is unknown, so it counts as "function".
 */
function journalKeyOf(
  { relative, sidecars }: FoundFile,
  state: string | undefined,
  { labels, ids, datasets, realPath }: FileOptions,
): string | undefined {
  if (state === undefined) return undefined;
  const labelsName = typeof labels === "function" ? "function" : (labels ?? "");
  const idsName = typeof ids === "function" ? "function" : ids;
  const key = `${realPath}/${relative}\n${state}\n${labelsName}\n${idsName}\n${datasets.join()}`;
  return sidecars ? `${key}${stateOfSidecars(sidecars)}` : key;
}

/** Returns what changes with a content: its size and its version or time; undefined if it has neither. */
function stateOf(content: ReadableContent): string | undefined {
  if ("bytes" in content) return undefined;
  const { sizeBytes, version } = content;
  if (version !== undefined) return `${sizeBytes}\n${version}`;
  return "path" in content ? `${sizeBytes}\n${content.modifiedMs}` : undefined;
}

/** Reads a file as far as its item needs. An error becomes the item's own. */
function readItem(file: FoundFile, options: FileOptions): MaybePromise<SourceItem> {
  const failed = (error: unknown): SourceItem => ({ origin: file.path, error: asItemError(error) });
  try {
    const item = whenThere(describedOf(file), (described) => itemOfContent(described, file, options));
    return item instanceof Promise ? item.catch(failed) : item;
  } catch (error) {
    return failed(error);
  }
}

function describedOf({ path, relative, content }: FoundFile): MaybePromise<Described> {
  return content ? describeContent(content, undefined, relative) : describeFile(path);
}

function itemOfContent(described: Described, file: FoundFile, options: FileOptions): MaybePromise<SourceItem> {
  const { kind, content, text } = described;
  const { path, relative, name, sidecars } = file;
  const reason = reasonToSkip(described, file, options);
  if (reason !== undefined) return { origin: path, skipped: reason };
  if (kind === undefined) return { origin: path, error: kindError(described, path) };
  const input: InputDraft = { metadata: { filename: name } };
  if (options.datasets.length > 0) input.datasets = options.datasets;
  const id = idOfPath(relative, options);
  if (id !== undefined) input.id = id;
  if (kind !== "text") input[kind] = content;
  else if (text !== undefined) input.text = text;
  const key = options.isJournaled ? journalKeyOf(file, stateOf(content), options) : undefined; // before the sidecars are read
  const notes = sidecars && kind !== "text" ? addSidecars(input, kind, sidecars) : undefined;
  const needsBytes = options.ids === "content" || (kind === "text" && text === undefined);
  const finish = () =>
    needsBytes
      ? readWholeFile(input, kind, content, file, { key, notes }, options)
      : asItem(path, input, { key, notes }, options);
  const naming = addNames(input, file, kind, options);
  return naming ? naming.then(finish) : finish();
}

/**
 * Returns why a file is skipped for its content; undefined if it is read or fails. The reasons do not name the file, so that reports and plans count
 * files by reason.
 */
function reasonToSkip({ kind, content, text }: Described, file: FoundFile, { kinds }: FileOptions): string | undefined {
  const { mimeType = unknownType } = content;
  const wantsText = kinds?.includes("text") ?? file.isNamed;
  if (kind === undefined && mimeType === oldTextType)
    return wantsText ? undefined : "text in another encoding than UTF-8";
  if (kind === undefined) return notAKind(mimeType === unknownType ? "an unknown type" : mimeType);
  if (kinds && !kinds.includes(kind)) return `kind ${kind} is excluded by the option kinds`;
  if (kind !== "text" || isTextName(file.path)) return undefined;
  if (!wantsText && mimeType !== "text/plain") return "text in another encoding than UTF-8";
  return sidecarByContent(file.path, () => text ?? startOf(file)) ?? (wantsText ? undefined : otherText);
}

/** Reads the beginning of a text that is too long to be known. That of an archive is not read for it. */
function startOf({ path, content }: FoundFile): string {
  return content ? "" : readHead(path);
}

function notAKind(type: string): string {
  return `not an image, video, audio or text, but ${type}`;
}

/** Returns the id of a file that depends on its path alone; undefined for an id of the bytes or of the user's function. */
export function idOfPath(
  relative: string,
  { ids, folderName }: Pick<FileOptions, "ids" | "folderName">,
): string | undefined {
  if (typeof ids === "function" || ids === "content") return undefined;
  return ids === "path" ? idFromPath(relative) : idOfFile(folderName, relative);
}

/** Adds the results of `labels` and `ids`. Returns a promise only if one of them is async. */
export function addNames(
  input: InputDraft,
  { relative, id: knownId }: FoundFile,
  kind: Kind,
  { labels, ids }: FileOptions,
): Promise<void> | undefined {
  if (labels === "folder") setLabels(input, relative.split("/").slice(-2, -1));
  const labeling =
    typeof labels === "function" ? whenThere(labels(relative, kind), (found) => setLabels(input, found)) : undefined;
  const naming = typeof ids === "function" ? whenThere(knownId ?? ids(relative), (id) => setId(input, id)) : undefined;
  return labeling || naming ? Promise.all([labeling, naming]).then(() => undefined) : undefined;
}

function setLabels(input: InputDraft, labels: Labels): void {
  const concepts = typeof labels === "string" ? [labels] : (labels ?? []);
  if (!Array.isArray(concepts))
    input.concepts = concepts as never; // the check of the input's shape refuses it
  else if (concepts.length > 0) input.concepts = [...concepts];
}

function setId(input: InputDraft, id: unknown): void {
  if (typeof id !== "string")
    throw new InputError("ERR_INPUT_SHAPE", `ids must return a string, got ${formatValue(id)}`);
  input.id = id;
}

/** Reads the whole file, for a large text or for an id of the bytes. */
async function readWholeFile(
  input: InputDraft,
  kind: Kind,
  content: ReadableContent,
  { path, content: elsewhere }: FoundFile,
  found: FoundFacts,
  options: FileOptions,
): Promise<SourceItem> {
  if (kind === "text" && input.text === undefined) {
    checkTextSize(sizeOfContent(content), path);
    const bytes = elsewhere ? await readContent(elsewhere) : await readFile(path);
    try {
      input.text = decodeText(bytes, path);
    } catch (error) {
      // A file that begins with text may be another type, such as a PDF.
      const type = isTextName(path) ? undefined : await knownType(bytes.subarray(0, headBytes));
      if (type === undefined) throw error;
      return { origin: path, skipped: notAKind(type) };
    }
  }
  if (options.ids === "content") {
    const id = await idOfContent(content);
    // A picture with another caption is another content.
    input.id = kind !== "text" && typeof input.text === "string" ? idOfBytes(Buffer.from(`${id}\n${input.text}`)) : id;
  }
  return asItem(path, input, found, options);
}

/** What the item of an input has beside the input. */
interface FoundFacts {
  key: string | undefined;
  /** Notes about the sidecars; undefined if there are none. */
  notes: string[] | undefined;
}

/** Makes the item of an input. Only the results of the user's functions and sidecars need a check of their shape. */
function asItem(
  origin: string,
  input: InputDraft,
  { key, notes }: FoundFacts,
  { labels, ids, isWatched }: FileOptions,
): SourceItem {
  const sameId = ids === "content" ? "duplicate" : isWatched ? "again" : "file";
  if (notes) return { origin, input, sameId, key, notes };
  return typeof labels === "function" || typeof ids === "function"
    ? { origin, input, sameId, key }
    : { origin, input, checked: true, sameId, key };
}

export function asItemError(error: unknown): Error {
  if (error instanceof FlowError) return error;
  const isFromSystem = error instanceof Error && "syscall" in error;
  return new InputError(isFromSystem ? "ERR_FILE_UNREADABLE" : "ERR_ITEM", describeError(error), { cause: error });
}
