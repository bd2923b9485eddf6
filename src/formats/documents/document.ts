/** Documents: what is read of one, and the errors of those that cannot be read. */

import { InputError } from "../../core/errors.js";

/** What is read of a document. */
export interface Document {
  text: string;
  title?: string | undefined;
  author?: string | undefined;
  /** Number of pages, of a format that has them. */
  pages?: number | undefined;
}

/** Reads a document. `path` is for errors. */
export type ReadDocument = (path: string, bytes: Buffer) => Document | Promise<Document>;

/** Makes the error of a document that cannot be read. */
export function unreadable(path: string, fact: string, cause?: unknown): InputError {
  return new InputError("ERR_DOCUMENT", `${path} cannot be read: ${fact}`, { cause });
}

/** Makes the error of a document that is protected by a password. */
export function locked(path: string, fact: string): InputError {
  return new InputError("ERR_DOCUMENT_LOCKED", `${path} ${fact}; save it without a password`);
}
