/** Reads documents: which formats there are, by the extensions of their files. */

import { InputError } from "../../core/errors.js";
import { extensionOf } from "../../core/input/detect/names.js";
import type { Document, ReadDocument } from "./document.js";

/** Readers by extension. Each is loaded on first use. */
const readers: Record<string, () => Promise<ReadDocument>> = {
  txt: async () => (await import("./plain.js")).readPlain,
  text: async () => (await import("./plain.js")).readPlain,
  md: async () => (await import("./plain.js")).readMarkdown,
  markdown: async () => (await import("./plain.js")).readMarkdown,
  html: async () => (await import("./html.js")).readHtml,
  htm: async () => (await import("./html.js")).readHtml,
  xhtml: async () => (await import("./html.js")).readHtml,
  docx: async () => (await import("./docx.js")).readDocx,
  pdf: async () => (await import("./pdf.js")).readPdf,
};
/** Documents that a person would expect to be read, and that are not. */
const unsupported = new Set(
  "doc docm dot dotx odt ott fodt rtf epub mobi pages ppt pptx odp key xls xlsx ods numbers ps djvu tex rst org adoc mht mhtml".split(
    " ",
  ),
);

/** Whether a file is a document by its name, also one of a format that is not read. */
export function isDocumentName(name: string): boolean {
  const extension = extensionOf(name);
  return Object.hasOwn(readers, extension) || unsupported.has(extension);
}

/** Reads the text of a document. @throws {InputError} ERR_DOCUMENT_FORMAT, ERR_DOCUMENT, ERR_DOCUMENT_LOCKED, ERR_PACKAGE_MISSING, ERR_TEXT_ENCODING */
export async function readDocument(path: string, read: () => Promise<Buffer>): Promise<Document> {
  const extension = extensionOf(path);
  const load = Object.hasOwn(readers, extension) ? readers[extension] : undefined;
  if (!load) {
    const text = `${path}: documents of the format .${extension} are not read`;
    const advice = "convert it to DOCX or PDF first, for example: soffice --headless --convert-to pdf FILE";
    throw new InputError("ERR_DOCUMENT_FORMAT", `${text}; ${advice}`);
  }
  const reader = await load();
  return reader(path, await read());
}
