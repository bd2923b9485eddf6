/** Dead letters: one line of JSON for each failed input, on disk before the run reports the failure, with the input as it was read. */

import { realpath } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Failure } from "../accounting/failure.js";
import type { Settlement } from "../accounting/ledger.js";
import type { Listed, Tracking } from "../accounting/tracking.js";
import { describeError, FlowError, SinkError } from "../errors.js";
import { LockedError, takeLock } from "../files/file-lock.js";
import { makeFolder } from "../files/make-folder.js";
import { relocated } from "../input/content.js";
import type { Content, Input, InputDraft } from "../input/input.js";
import { bytesAsBase64 } from "../input/input-json.js";
import { kinds } from "../input/kinds.js";
import { hideSecrets, type SecretUrls } from "../input/secret-urls.js";
import { AppendFile } from "./append-file.js";
import { lastLineEnd } from "./last-line.js";

/** Signed URLs in the file are secrets, so only its owner may read a new file. */
const ownerOnly = 0o600;

/** A line of a dead-letter file. */
export interface DeadLetter extends Failure {
  /** Name of the source that read it. */
  source: string;
  /** Key of the input in its source. */
  key?: string | undefined;
  /** The input as it was read: files and URLs as references, bytes as base64. Missing if the source could not read it. */
  input?: InputDraft | undefined;
  /** Secret: the complete URLs of the input, whose fields have them without their signatures. */
  secret?: SecretUrls | undefined;
  /** The state that it was listed with. */
  listed?: Listed | undefined;
}

/** The dead-letter file of a run. This process holds its lock until it is closed. */
export class DeadLetterFile {
  readonly path: string;
  readonly file: AppendFile;
  readonly #release: () => Promise<void>;

  private constructor(path: string, file: AppendFile, release: () => Promise<void>) {
    this.path = path;
    this.file = file;
    this.#release = release;
  }

  /**
   * Opens the file to append to it, or creates it. Drops a truncated last line.
   *
   * @throws {SinkError} ERR_DEAD_LETTERS_LOCKED, ERR_DEAD_LETTERS_FORMAT, ERR_DEAD_LETTERS_UNWRITABLE
   */
  static async open(name: string): Promise<DeadLetterFile> {
    try {
      const path = await realpath(name).catch(() => name);
      makeFolder(dirname(path));
      const release = await takeLock(path);
      try {
        const refused = `deadLetters: ${path} exists and is not a dead-letter file`;
        const end = await lastLineEnd(path, isLetter, new SinkError("ERR_DEAD_LETTERS_FORMAT", refused));
        return new DeadLetterFile(path, await AppendFile.open(path, end, ownerOnly), release);
      } catch (error) {
        await release();
        throw error;
      }
    } catch (error) {
      throw asDeadLettersError(name, error);
    }
  }

  /** Appends a failed outcome, and calls `durable` when it is on disk. @throws an error of `JSON.stringify` */
  record(
    { origin, id, outcome }: Settlement,
    tracking: Tracking,
    input: Input | InputDraft | undefined,
    durable: () => void,
  ) {
    if (outcome.state !== "failed") return;
    const { code, stage, reason, attempts, retryable = false } = outcome;
    const { source, key, listed } = tracking;
    const letter: DeadLetter = { source, origin, id, code, stage, reason, attempts, retryable, key };
    if (input) Object.assign(letter, referencesOf(input));
    if (listed) letter.listed = listed;
    this.file.append(`${lineOf(letter)}\n`, durable);
  }

  async close(): Promise<void> {
    try {
      await this.file.close();
    } finally {
      await this.#release();
    }
  }
}

/** Whether a file begins as a dead-letter file does; its first line may be incomplete. */
function isLetter(head: string): boolean {
  return '{"source":"'.startsWith(head.slice(0, 11));
}

/** Encodes a letter as JSON, without its input if JSON cannot represent it. */
function lineOf(letter: DeadLetter): string {
  try {
    return JSON.stringify(letter, bytesAsBase64);
  } catch (error) {
    const reason = `${letter.reason} (the input cannot be written as JSON: ${describeError(error)})`;
    return JSON.stringify({ ...letter, reason, input: undefined });
  }
}

/** Makes the error that ends a run of a problem with its dead-letter file. */
export function asDeadLettersError(path: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  if (error instanceof LockedError) {
    const text = `deadLetters: ${path} is held by process ${error.owner.pid} on ${error.owner.host}, and one process at a time may write it`;
    return new SinkError("ERR_DEAD_LETTERS_LOCKED", text, { retryable: true });
  }
  const text = `deadLetters: ${path} cannot be written: ${describeError(error)}`;
  return new SinkError("ERR_DEAD_LETTERS_UNWRITABLE", text, { cause: error });
}

/**
 * Returns an input with references for JSON: files only by their full paths, since the next attempt describes them again, and URLs without signatures. The
 * complete URLs are in the field `secret`.
 */
export function referencesOf(input: Input | InputDraft): Pick<DeadLetter, "input" | "secret"> {
  const copy: Record<string, unknown> = { ...input };
  for (const field of kinds) {
    const content = input[field] as Content | string | undefined;
    if (typeof content === "object") copy[field] = located(content);
  }
  return hideSecrets(copy as InputDraft);
}

/** Names a content by its full path. Without its opener, a URI stays as it is. */
function located(content: Content): Content {
  try {
    return relocated(content, (path) => resolve(path));
  } catch {
    return content;
  }
}
