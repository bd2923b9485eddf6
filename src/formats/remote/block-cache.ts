/** The blocks of remote files that are in memory, and those that requests bring. Both together have a limit. */

export const blockBytes = 256 * 1024;
/** Most blocks of all files: 32 MB. Beyond them, each reader that waits may request one. */
export const maxBlocks = 128;
/** Most blocks that requests of several blocks bring at the same time: 16 MB. */
const maxComing = 64;

/** A part of a file. */
export class Block {
  /** Number of blocks that its request asked for. */
  readonly run: number;
  readonly isLastOfRun: boolean;
  /** Whether its bytes are in memory. */
  isHere = false;
  resolve!: (bytes: Buffer) => void;
  reject!: (error: unknown) => void;
  readonly bytes = new Promise<Buffer>((resolve, reject) => {
    this.resolve = resolve;
    this.reject = reject;
  });

  constructor(run: number, isLastOfRun: boolean) {
    this.run = run;
    this.isLastOfRun = isLastOfRun;
    this.bytes.catch(() => undefined); // whoever needs the block reports it
  }
}

/** The blocks by their names, the least recently used first. */
const blocks = new Map<string, Block>();
let coming = 0;

/** Returns the bytes that blocks take in memory, with those that requests bring. */
export function heldBytes(): number {
  let here = 0;
  for (const { isHere } of blocks.values()) here += isHere ? 1 : 0;
  return (here + coming) * blockBytes;
}

/** Returns how many blocks a new request may ask for. */
export function roomForRequest(): number {
  return maxComing - coming;
}

export function hasBlock(key: string): boolean {
  return blocks.has(key);
}

/** Returns a block, which is then the most recently used one. */
export function useBlock(key: string): Block | undefined {
  const block = blocks.get(key);
  if (!block) return undefined;
  blocks.delete(key);
  blocks.set(key, block);
  return block;
}

/** Adds a block that a request brings. */
export function addBlock(key: string, block: Block): void {
  blocks.set(key, block);
  coming += 1;
  dropBlocks();
}

/** Records that the bytes of a block arrived. */
export function arrive(block: Block, bytes: Buffer): void {
  block.isHere = true;
  coming -= 1;
  block.resolve(bytes);
  dropBlocks();
}

/** Records that a request does not bring a block. */
export function abandon(key: string, block: Block, error: unknown): void {
  coming -= 1;
  forget(key, block);
  block.reject(error);
}

/** Forgets a block. Another one of the same name stays. */
export function forget(key: string, block: Block): void {
  if (blocks.get(key) === block) blocks.delete(key);
}

/** Drops the blocks that were used least recently. Those that requests bring stay: a reader would request them again. */
function dropBlocks(): void {
  if (blocks.size <= maxBlocks) return;
  for (const [key, { isHere }] of blocks) {
    if (blocks.size <= maxBlocks) return;
    if (isHere) blocks.delete(key);
  }
}
