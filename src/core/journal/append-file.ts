/** Appending: lines that are on the disk before anything is told of them; many share one sync. */

import { type FileHandle, open } from "node:fs/promises";

/** Lines are written in pieces of about this many characters. */
const pieceLength = 4_000_000;
/** As much as most file systems give a file at once. A run that is killed while it opens a file may leave so many zeros at its end. */
export const blockBytes = 4096;

/** What it needs of a file; a test may hand in one that fails. */
export type AppendTarget = Pick<FileHandle, "write" | "datasync" | "truncate" | "close">;

/**
 * Appends lines to a file. While one group of lines is written and synced, the next gathers.
 *
 * When the disk fails, what is not known to be on it is never called durable; the file is cut back to its last whole line, `onFailure` is called
 * once, and later lines are ignored.
 */
export class AppendFile {
  onFailure: (error: unknown) => void = () => undefined;
  /** Runs whenever a group of lines is on the disk. */
  onSynced: () => void = () => undefined;
  readonly #file: AppendTarget;
  #durableBytes: number;
  #lines: string[] = [];
  #callbacks: (() => void)[] = [];
  #length = 0;
  #flushing: Promise<void> | undefined;
  #failure: { error: unknown } | undefined;
  #closed = false;

  constructor(file: AppendTarget, sizeBytes: number) {
    this.#file = file;
    this.#durableBytes = sizeBytes;
  }

  /**
   * Opens a file that is there, or makes it with `mode`, and drops what stands behind `sizeBytes`. Writes a block and takes it back, so that a full disk is
   * an error before the first input is sent.
   */
  static async open(path: string, sizeBytes: number, mode = 0o666): Promise<AppendFile> {
    const file = await open(path, "a", mode);
    try {
      if ((await file.stat()).size > sizeBytes) await file.truncate(sizeBytes);
      const { bytesWritten } = await file.write(Buffer.alloc(blockBytes));
      await file.truncate(sizeBytes);
      if (bytesWritten < blockBytes) throw new Error("the disk is full");
    } catch (error) {
      await file.close();
      throw error;
    }
    return new AppendFile(file, sizeBytes);
  }

  /** Lines that are not yet on the disk. */
  get waiting(): number {
    return this.#callbacks.length;
  }

  /** Characters of the lines that are not yet on the disk. */
  get waitingLength(): number {
    return this.#length;
  }

  /** Calls `durable` when the line (with its line break) is on the disk. */
  append(line: string, durable: () => void): void {
    if (this.#failure || this.#closed) return;
    this.#lines.push(line);
    this.#callbacks.push(durable);
    this.#length += line.length;
    this.#flushing ??= this.#flush();
  }

  /** Waits until all is on the disk, and closes the file. Rejects with what the disk failed with. */
  async close(): Promise<void> {
    while (this.#flushing) await this.#flushing;
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    if (this.#failure) throw this.#failure.error;
  }

  async #flush(): Promise<void> {
    // What settles in one turn, such as a batch, shares a sync.
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.#lines.length > 0 && !this.#failure) {
      const lines = this.#lines;
      const callbacks = this.#callbacks.length;
      const length = this.#length;
      this.#lines = [];
      try {
        let bytes = 0;
        for (const piece of piecesOf(lines)) bytes += await this.#write(Buffer.from(piece));
        await this.#file.datasync();
        this.#durableBytes += bytes;
      } catch (error) {
        await this.#fail(error);
        break;
      }
      this.#length -= length;
      for (const durable of this.#callbacks.splice(0, callbacks)) durable();
      this.onSynced();
    }
    this.#flushing = undefined;
  }

  async #write(bytes: Buffer): Promise<number> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, null);
      if (bytesWritten === 0) throw new Error("nothing can be written");
      at += bytesWritten;
    }
    return bytes.length;
  }

  async #fail(error: unknown): Promise<void> {
    this.#failure = { error };
    this.#callbacks = [];
    this.#length = 0;
    await this.#file.truncate(this.#durableBytes).catch(() => undefined); // else the next run drops the torn line
    this.onFailure(error);
  }
}

/** Lines joined to pieces; one long line is a piece of its own. */
function* piecesOf(lines: readonly string[]): Generator<string> {
  let piece = "";
  for (const line of lines) {
    if (piece !== "" && piece.length + line.length > pieceLength) {
      yield piece;
      piece = "";
    }
    piece += line;
  }
  yield piece;
}
