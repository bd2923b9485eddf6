/** Source: the texts of documents: Markdown, HTML, DOCX, PDF and plain texts. */

import { statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { InputError } from "../core/errors.js";
import { asUnreadable, checkTextSize } from "../core/input/content.js";
import { idOfBytes } from "../core/input/ids.js";
import type { InputDraft } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import { doneEarlier, otherShard, type SourceItem } from "../core/plugin/source.js";
import { isDocumentName, readDocument } from "../formats/documents/read-document.js";
import { addNames, asItemError, type FileOptions, type FoundFile, keyOfUnopened } from "../formats/files/file-item.js";
import { shardKeyOf } from "../formats/files/file-shard.js";
import { filterOf } from "../formats/files/filter.js";
import { namesOfFolder } from "../formats/files/folder-names.js";
import { fileOptionFields } from "../formats/files/options.js";
import { findFiles, type Walk } from "../formats/files/walk.js";

const { kinds: _, ...sharedFields } = fileOptionFields;
const optionFields = {
  /** Reads sub-folders. Default: true. */
  recursive: z.boolean().default(true),
  /** Reads the targets of symbolic links. A link to a folder that contains the link is skipped. Default: false. */
  followSymlinks: z.boolean().default(false),
  /** Largest document, in bytes. It is read into memory. Default: 100,000,000. */
  maxBytes: z.number().int().min(1).max(2_000_000_000).default(100_000_000),
};
const Options = z.strictObject({ ...sharedFields, ...optionFields });
/** Options of `documents`. */
export type DocumentsOptions = Pick<OptionsOf<typeof fileOptionFields>, keyof typeof sharedFields> &
  OptionsOf<typeof optionFields>;

/**
 * Reads the texts of the documents in a folder, or of a single one: `.txt`, `.md`, `.html`, `.docx`, `.pdf`. Each is one input, with `metadata.filename`, and with
 * `title`, `author` and `pages` where the document has them. `splitText` makes chunks of them.
 *
 * Markdown and plain texts stay as they are. HTML needs the package `html-to-text`, DOCX `mammoth`, PDF `pdfjs-dist`; they are loaded on first use. A document whose
 * package is not installed fails with the command that installs it (ERR_PACKAGE_MISSING).
 *
 * Finds files, and makes ids, as `folder` does. Other files are skipped. A document fails alone if it is of a format that is not read, such as `.odt`
 * (ERR_DOCUMENT_FORMAT), is damaged (ERR_DOCUMENT), needs a password (ERR_DOCUMENT_LOCKED), or has no text, as a scan has none (ERR_DOCUMENT_EMPTY).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE when the folder itself cannot be read
 * @example await flow(documents("./docs")).pipe(splitText({ maxChars: 1000 }), upload(app)).run();
 */
export const documents = defineSource({
  name: "documents",
  parse(path: string, options: DocumentsOptions = {}) {
    checkPath("documents", path);
    const checked = parseOptions("documents", Options, options, ["include", "exclude"]);
    const root = path.replace(/(?<=[^/])\/+$/, "");
    const walk: Walk = { plugin: "documents", root, options: checked, filter: filterOf(checked) };
    return { ...checked, root, walk };
  },
  from: ({ root }) => root,
  async *read({ root, walk, ...options }, { signal, isDone, isOtherShard }) {
    const isJournaled = isDone !== undefined;
    const fileOptions = { ...options, ...namesOfFolder(root, options.ids), isWatched: false, isJournaled };
    for (const found of findFiles(walk)) {
      if (signal.aborted) return;
      if ("item" in found) yield found.item;
      else if (!found.isNamed && !isDocumentName(found.name)) yield { origin: found.path, skipped: "not a document" };
      else if (!isOtherShard) yield await itemOf(found, fileOptions, isDone);
      else {
        const shardKey = await shardKeyOf(found, fileOptions);
        if (isOtherShard(shardKey)) yield { origin: found.path, skipped: otherShard };
        else yield { ...(await itemOf(found, fileOptions, isDone)), shardKey };
      }
    }
  },
});

type Checked = FileOptions & { maxBytes: number };

async function itemOf(
  file: FoundFile,
  options: Checked,
  isDone: ((key: () => string | undefined) => boolean) | undefined,
): Promise<SourceItem> {
  const { path, name } = file;
  // The same file is another input of `folder`, so its key there is another one.
  const keyOf = () => {
    const key = keyOfUnopened(file, options);
    return key === undefined ? undefined : `${key}\ndocument`;
  };
  if (isDone?.(keyOf)) return { origin: path, skipped: doneEarlier, id: options.idOfOrigin };
  const key = isDone ? keyOf() : undefined; // before the file is read
  try {
    const { text, title, author, pages } = await readDocument(path, () => bytesOf(path, options.maxBytes));
    if (text.trim() === "") throw withoutText(path, pages);
    checkTextSize(Buffer.byteLength(text), `the text of ${path}`);
    const input: InputDraft = { text, metadata: { filename: name } };
    for (const [field, value] of Object.entries({ title, author })) {
      const clean = value?.replaceAll("\0", "").toWellFormed().trim();
      if (clean) input.metadata = { ...input.metadata, [field]: clean };
    }
    if (pages !== undefined) input.metadata = { ...input.metadata, pages };
    if (options.datasets.length > 0) input.datasets = options.datasets;
    const id = options.ids === "content" ? idOfBytes(await readFile(path)) : options.idOfOrigin(path);
    if (id !== undefined) input.id = id;
    await addNames(input, file, "text", options);
    return { origin: path, input, sameId: options.ids === "content" ? "duplicate" : "file", key };
  } catch (error) {
    return { origin: path, error: asItemError(error) };
  }
}

async function bytesOf(path: string, maxBytes: number): Promise<Buffer> {
  let size: number;
  try {
    ({ size } = statSync(path));
    if (size === 0) throw new InputError("ERR_FILE_EMPTY", `${path} is empty`);
  } catch (error) {
    throw asUnreadable(path, error);
  }
  if (size > maxBytes) {
    const text = `${path} has ${size} bytes; the limit of documents is ${maxBytes} (maxBytes)`;
    throw new InputError("ERR_ITEM_TOO_LARGE", text);
  }
  return readFile(path).catch((error: unknown) => {
    throw asUnreadable(path, error);
  });
}

function withoutText(path: string, pages: number | undefined): InputError {
  const fact =
    pages === undefined
      ? "has no text"
      : `has ${pages === 1 ? "1 page" : `${pages} pages`} and no text; it may be scanned, and then needs text recognition (OCR) first`;
  return new InputError("ERR_DOCUMENT_EMPTY", `${path} ${fact}`);
}
