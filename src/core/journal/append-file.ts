/** Appending: writes lines to disk and then acknowledges them; many lines share one sync. */

import { type FileHandle, open } from "node:fs/promises";

/** Maximum characters of one write; a single longer line is written whole. */
const pieceLength = 4_000_000;
/** Block size of most file systems. A run that is killed while it opens a file may leave a block of zeros at its end. */
export const blockBytes = 4096;

/** The methods of a file that are used; a test may pass a file that fails. */
export type AppendTarget = Pick<FileHandle, "write" | "datasync" | "truncate" | "close">;

/**
 * Appends lines to a file. While it writes and syncs one group of lines, it collects the next group.
 *
 * If the disk fails, it acknowledges no line that may not be on disk, truncates the file to its last complete line, calls `onFailure` once, and ignores
 * later lines.
 */
export class AppendFile {
  onFailure: (error: unknown) => void = () => undefined;
  /** Called whenever a group of lines is on disk. */
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
   * Opens an existing file and truncates it to `sizeBytes`, or creates it with `mode`. Writes a block and removes it again, so that a full disk is an error
   * before the first input is sent.
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

  /** Number of lines that are not on disk yet. */
  get waiting(): number {
    return this.#callbacks.length;
  }

  /** Characters of the lines that are not on disk yet. */
  get waitingLength(): number {
    return this.#length;
  }

  /** Appends a line, which includes its line break, and calls `durable` when it is on disk. */
  append(line: string, durable?: () => void): void {
    if (this.#failure || this.#closed) return;
    this.#lines.push(line);
    if (durable) this.#callbacks.push(durable);
    this.#length += line.length;
    this.#flushing ??= this.#flush();
  }

  /** Waits until all lines so far are on disk, or the disk has failed. */
  async flushed(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  /** Waits until all lines are on disk, and closes the file. Rejects with the error of the disk. */
  async close(): Promise<void> {
    await this.flushed();
    if (this.#closed) return;
    this.#closed = true;
    await this.#file.close();
    if (this.#failure) throw this.#failure.error;
  }

  async #flush(): Promise<void> {
    // Inputs that settle in the same turn of the event loop, such as a batch, share a sync.
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
      if (bytesWritten === 0) throw new Error("the disk accepts no bytes");
      at += bytesWritten;
    }
    return bytes.length;
  }

  async #fail(error: unknown): Promise<void> {
    this.#failure = { error };
    this.#callbacks = [];
    this.#length = 0;
    await this.#file.truncate(this.#durableBytes).catch(() => undefined); // if this fails too, the next run drops the truncated line
    this.onFailure(error);
  }
}

/** Joins lines to chunks of limited length. A longer line is a chunk of its own. */
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
