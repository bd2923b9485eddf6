/** Reads remote files in blocks that several readers share, so that many small reads need few requests. */

import { InputError } from "../../core/errors.js";
import {
  abandon,
  addBlock,
  arrive,
  Block,
  blockBytes,
  forget,
  hasBlock,
  roomForRequest,
  useBlock,
} from "./block-cache.js";
import type { RemoteRange, RemoteStream } from "./range.js";
import { nameOfRemote, readRemote, withoutRanges } from "./remote-file.js";

/** Most blocks of one request: 4 MB. */
const maxRunBlocks = 16;
/** Longer reads are requests of their own. */
const directBytes = blockBytes * maxRunBlocks;
/** A shorter part is copied, so that whoever keeps it does not keep its block. */
const copiedBytes = blockBytes / 2;
/** How long requests continue ahead after the last reader left, in milliseconds. */
const idleMs = 1000;

const files = new Map<string, BlockFile>();

/** Returns the shared reader of a remote file. @param uri the name without secrets. */
export function blocksOf(uri: string): BlockFile {
  let file = files.get(uri);
  if (!file) files.set(uri, (file = new BlockFile(uri)));
  return file;
}

/**
 * A remote file whose blocks are kept for a while. Reads that follow each other make longer and longer requests, as a disk does with its read-ahead; a read
 * elsewhere costs one block.
 */
export class BlockFile {
  readonly uri: string;
  #version: string | undefined;
  #sizeBytes: number | undefined;
  #readers = 0;
  #generation = 0;
  /** The requests that are read, and what ends each. */
  readonly #open = new Set<() => void>();

  constructor(uri: string) {
    this.uri = uri;
  }

  /** Takes over what a new look at the file found. Blocks of another version are dropped. */
  renew(version: string | undefined, sizeBytes: number | undefined): void {
    if (version === undefined || version !== this.#version || sizeBytes !== this.#sizeBytes) this.#generation += 1;
    this.#version = version;
    this.#sizeBytes = sizeBytes;
  }

  /** Yields a part of the file. @throws {InputError} ERR_REMOTE_RANGES, ERR_FILE_CHANGED, and what `openRemote` throws */
  async *read({ offset, length, version, signal }: RemoteRange): AsyncGenerator<Buffer, void> {
    if (length <= 0) return;
    if (version !== undefined && this.#version !== undefined && version !== this.#version) throw this.#changed();
    if (length >= directBytes) {
      const range = { offset, length, version: version ?? this.#version, signal };
      yield* readRemote(this.uri, range, (head) => this.#check(head));
      return;
    }
    this.#readers += 1;
    try {
      const end = Math.min(offset + length, this.#sizeBytes ?? Number.POSITIVE_INFINITY);
      for (let position = offset; position < end; ) {
        const index = Math.floor(position / blockBytes);
        const needed = Math.ceil(end / blockBytes) - index;
        const bytes = await abortable(this.#block(index, needed), signal);
        const part = bytes.subarray(position - index * blockBytes, end - index * blockBytes);
        if (part.length === 0) return; // the file ends here, which the caller notices
        position += part.length;
        yield part.length < copiedBytes ? Buffer.from(part) : part;
      }
    } finally {
      this.#readers -= 1;
      if (this.#readers === 0 && this.#open.size > 0) setTimeout(() => this.#stopIfIdle(), idleMs).unref();
    }
  }

  #block(index: number, needed: number): Promise<Buffer> {
    let block = this.#cached(index);
    if (!block) {
      const before = this.#cached(index - 1);
      block = this.#request(index, Math.max(needed, before ? before.run * 2 : 1));
    }
    const { isLastOfRun, run } = block;
    const isNextKnown = this.#isBehindEnd(index + 1) || this.#cached(index + 1) !== undefined;
    if (isLastOfRun && run > 1 && !isNextKnown && roomForRequest() > 0) this.#request(index + 1, run * 2);
    return block.bytes;
  }

  #isBehindEnd(index: number): boolean {
    return this.#sizeBytes === undefined || index * blockBytes >= this.#sizeBytes;
  }

  #cached(index: number): Block | undefined {
    return useBlock(this.#keyOf(index));
  }

  /** Requests several blocks at once, as far as the file and the blocks in memory allow. Returns the first. */
  #request(index: number, wanted: number): Block {
    let count = 1;
    const isFree = (at: number) =>
      !hasBlock(this.#keyOf(at)) && (this.#sizeBytes === undefined || !this.#isBehindEnd(at));
    const most = Math.min(wanted, maxRunBlocks, roomForRequest());
    while (count < most && isFree(index + count)) count += 1;
    const first = new Block(count, count === 1);
    const blocks = [first];
    while (blocks.length < count) blocks.push(new Block(count, blocks.length === count - 1));
    const waiting = blocks.map((block, nth) => ({ key: this.#keyOf(index + nth), block }));
    for (const { key, block } of waiting) addBlock(key, block);
    void this.#fill(index, waiting);
    return first;
  }

  /** Reads blocks with one request. `waiting` loses each block that has arrived, so that it may be dropped. */
  async #fill(index: number, waiting: { key: string; block: Block }[]): Promise<void> {
    const controller = new AbortController();
    const stop = () => {
      for (const { key, block } of waiting) forget(key, block); // a reader that comes meanwhile asks again
      const text = `${nameOfRemote(this.uri)}: the request ended, since nobody was reading`;
      controller.abort(new InputError("ERR_FETCH", text, { retryable: true }));
    };
    const pass = (bytes: Buffer) => {
      const next = waiting.shift();
      if (next) arrive(next.block, bytes);
    };
    this.#open.add(stop);
    try {
      const offset = index * blockBytes;
      const length = Math.min(waiting.length * blockBytes, (this.#sizeBytes ?? Number.POSITIVE_INFINITY) - offset);
      let block = Buffer.allocUnsafe(blockBytes);
      let filled = 0;
      let total = 0;
      const range = { offset, length, version: this.#version, signal: controller.signal };
      for await (const chunk of readRemote(this.uri, range, (head) => this.#check(head))) {
        total += chunk.length;
        for (let from = 0; from < chunk.length; ) {
          const copied = chunk.copy(block, filled, from);
          from += copied;
          filled += copied;
          if (filled < blockBytes) continue;
          pass(block);
          block = Buffer.allocUnsafe(blockBytes);
          filled = 0;
        }
      }
      const expected = Math.min(length, (this.#sizeBytes ?? 0) - offset);
      if (total < expected) throw shortAnswer(this.uri, total, expected);
      while (waiting.length > 0) {
        pass(Buffer.from(block.subarray(0, filled)));
        filled = 0;
      }
    } catch (error) {
      for (const { key, block } of waiting) abandon(key, block, error);
    } finally {
      this.#open.delete(stop);
    }
  }

  #check({ hasRanges, version, sizeBytes }: RemoteStream): void {
    if (!hasRanges) throw withoutRanges(this.uri);
    if (this.#version !== undefined && version !== undefined && version !== this.#version) throw this.#changed();
    this.#version ??= version;
    this.#sizeBytes ??= sizeBytes;
  }

  #changed(): InputError {
    return new InputError(
      "ERR_FILE_CHANGED",
      `${nameOfRemote(this.uri)} changed while it was read; run the flow again`,
    );
  }

  #stopIfIdle(): void {
    if (this.#readers > 0) return;
    for (const stop of this.#open) stop();
  }

  #keyOf(index: number): string {
    return `${index} ${this.#generation} ${this.uri}`;
  }
}

/** Waits for a block until the signal aborts. Other readers may still need the block. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let abort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function shortAnswer(uri: string, total: number, expected: number): InputError {
  const text = `${nameOfRemote(uri)}: the answer has ${total} bytes in place of ${expected}`;
  return new InputError("ERR_FETCH", text, { retryable: true });
}
