/** The undo file of a run: what its sinks changed, as it was before, on disk before the change. */

import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { StateBefore, StateLog } from "../accounting/run-context.js";
import { describeError, FlowError, SinkError, SourceError } from "../errors.js";
import { LockedError, takeLock } from "../files/file-lock.js";
import { readLines } from "../files/lines.js";
import { makeFolder } from "../files/make-folder.js";
import { AppendFile } from "./append-file.js";
import { lastLineEnd } from "./last-line.js";
import { decodeLine, encodeLine } from "./lines.js";

/** Longest line, in bytes. */
const maxLineBytes = 200_000_000;
/** States may contain texts that only the owner of the account should read. */
const ownerOnly = 0o600;

/** The options of `run({ undo })`. */
export interface UndoFileOptions {
  path: string;
  media: boolean;
}

/** What a run recorded, for its report. */
export interface UndoFacts {
  /** Path of the undo file. */
  path: string;
  /** Number of states that this run recorded. */
  states: number;
  /** Whether media that are about to be deleted are kept. */
  media: boolean;
}

/** A line of an undo file: a state, or the note that the states before it are restored. */
export type UndoLine =
  | (StateBefore & { line: number })
  | { line: number; restored: string }
  | { line: number; damaged: true };

/** An open undo file. This process holds its lock until it is closed. */
export class UndoLog implements StateLog {
  readonly mediaFolder: string | undefined;
  readonly #path: string;
  readonly #file: AppendFile;
  readonly #release: () => Promise<void>;
  readonly #waiting = new Set<(error: Error) => void>();
  #failure: Error | undefined;
  #states = 0;

  private constructor(path: string, file: AppendFile, release: () => Promise<void>, media: boolean) {
    this.#path = path;
    this.#file = file;
    this.#release = release;
    this.mediaFolder = media ? mediaFolderOf(path) : undefined;
    file.onFailure = (error) => {
      this.#failure = asUndoError(path, error);
      for (const reject of this.#waiting) reject(this.#failure);
    };
  }

  /**
   * Opens the file to append to it, or creates it. Drops an incomplete last line: the change that it belongs to was never sent.
   *
   * @throws {SinkError} ERR_UNDO_LOCKED, ERR_UNDO_FORMAT, ERR_UNDO_UNWRITABLE
   */
  static async open({ path: name, media }: UndoFileOptions, { mustExist = false } = {}): Promise<UndoLog> {
    try {
      if (mustExist) await checkExists(name);
      const path = await realpath(name).catch(() => resolve(name));
      makeFolder(dirname(path));
      const release = await takeLock(path);
      try {
        const end = await lastLineEnd(path, isUndoFile, notAnUndoFile(path));
        const log = new UndoLog(path, await AppendFile.open(path, end, ownerOnly), release, media);
        if (end === 0) await log.#append([encodeLine({ undo: "sluice", version: 1 })]);
        return log;
      } catch (error) {
        await release();
        throw error;
      }
    } catch (error) {
      throw asUndoError(name, error);
    }
  }

  get facts(): UndoFacts {
    return { path: this.#path, states: this.#states, media: this.mediaFolder !== undefined };
  }

  async record(states: readonly StateBefore[]): Promise<void> {
    if (states.length === 0) return;
    await this.#append(states.map((state) => encodeLine({ ...state })));
    this.#states += states.length;
  }

  /** Notes that all states so far are restored: a later undo leaves them alone. */
  async markRestored(): Promise<void> {
    await this.#append([encodeLine({ restored: new Date().toISOString() })]);
  }

  /** Waits until everything is on disk, and releases the lock. */
  async close(): Promise<void> {
    try {
      await this.#file.close();
    } catch (error) {
      throw asUndoError(this.#path, error);
    } finally {
      await this.#release();
    }
  }

  #append(lines: readonly string[]): Promise<void> {
    return new Promise((done, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      this.#waiting.add(reject);
      const last = () => {
        this.#waiting.delete(reject);
        done();
      };
      for (const [index, line] of lines.entries()) this.#file.append(line, index === lines.length - 1 ? last : nothing);
    });
  }
}

/** Returns the folder of the media that an undo file keeps. */
export function mediaFolderOf(path: string): string {
  return `${resolve(path)}.media`;
}

/**
 * Reads the lines of an undo file after its header, oldest first. An incomplete last line is left out, since its change was never sent.
 *
 * @throws {FlowError} ERR_UNDO_FORMAT, ERR_FILE_UNREADABLE
 */
export async function* readUndoLines(path: string): AsyncGenerator<UndoLine> {
  await checkExists(path);
  const end = await lastLineEnd(path, isUndoFile, notAnUndoFile(path));
  if (end === 0) throw notAnUndoFile(path);
  for await (const { number, bytes } of readLines(path, maxLineBytes, end)) {
    if (number === 1) continue;
    const record = bytes && decodeLine(bytes);
    yield record ? ({ ...record, line: number } as UndoLine) : { line: number, damaged: true };
  }
}

/** @throws {SourceError} ERR_FILE_UNREADABLE */
async function checkExists(path: string): Promise<void> {
  await stat(path).catch((error: unknown) => {
    throw new SourceError("ERR_FILE_UNREADABLE", `undo: ${path}: ${describeError(error)}`, { cause: error });
  });
}

/** Whether a file begins as an undo file does; its first line may be incomplete. */
function isUndoFile(head: string): boolean {
  return /^\{"sum":"[0-9a-f]{8}","undo":"sluice",/.test(head) || (head.length < 36 && head.startsWith('{"sum":"'));
}

function notAnUndoFile(path: string): SinkError {
  return new SinkError("ERR_UNDO_FORMAT", `undo: ${path} is not an undo file; choose another path`);
}

function asUndoError(path: string, error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  if (error instanceof LockedError) {
    const text = `undo: ${path} is held by process ${error.owner.pid} on ${error.owner.host}, and one process at a time may use it`;
    return new SinkError("ERR_UNDO_LOCKED", text, { retryable: true });
  }
  return new SinkError("ERR_UNDO_UNWRITABLE", `undo: ${path} cannot be written: ${describeError(error)}`, {
    cause: error,
  });
}

function nothing(): void {}
