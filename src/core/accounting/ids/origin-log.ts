/** Origins in memory: a numbered list of strings, in blocks that share the beginning of their strings. */

/** Strings per block. They are encoded together, which takes a tenth of the time of encoding each alone. */
const blockLength = 256;

interface Block {
  prefix: string;
  /** The rest of each string after the prefix, separated by NUL. */
  rests: Buffer;
}

/** An append-only list of strings. A NUL in a string, which no file name contains, becomes a space. */
export class OriginLog {
  readonly #blocks: Block[] = [];
  #open: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a string and returns the new length. It does not read the characters, so a concatenated string is not flattened before its block is made. */
  push(text: string): number {
    this.#open.push(text);
    if (this.#open.length === blockLength) {
      this.#blocks.push(blockOf(this.#open));
      this.#open = [];
    }
    this.#length += 1;
    return this.#length;
  }

  /** Yields all strings in order. */
  *[Symbol.iterator](): Generator<string> {
    for (const { prefix, rests } of this.#blocks) {
      for (const rest of rests.toString("utf8").split("\0")) yield prefix + rest;
    }
    for (const text of this.#open) yield withoutNul(text);
  }

  /** Returns the string with this index, from 0. */
  at(index: number): string {
    const block = this.#blocks[Math.floor(index / blockLength)];
    const offset = index % blockLength;
    if (!block) return withoutNul(this.#open[offset] as string);
    return block.prefix + block.rests.toString("utf8").split("\0")[offset];
  }
}

/** Makes a block. The common prefix of the first and the last string is shortened if another string does not begin with it. */
function blockOf(texts: readonly string[]): Block {
  const joined = texts.join("\0");
  let prefix = prefixOf(texts[0] as string, texts[texts.length - 1] as string);
  let rests = restsOf(joined, prefix);
  if (rests.length + prefix.length * texts.length !== joined.length) {
    prefix = texts.reduce(prefixOf, prefix);
    rests = restsOf(joined, prefix);
  }
  const bytes = Buffer.from(rests);
  if (prefix.includes("\0") || zerosIn(bytes) !== texts.length - 1) return blockOf(texts.map(withoutNul));
  return { prefix: Buffer.from(prefix).toString(), rests: bytes };
}

/** Returns the common prefix of two strings. It never ends within a surrogate pair, since the rests are encoded separately. */
function prefixOf(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  const prefix = one.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}

function restsOf(joined: string, prefix: string): string {
  return prefix === "" ? joined : joined.slice(prefix.length).replaceAll(`\0${prefix}`, "\0");
}

/** Counts the NUL characters; in UTF-8, no other character contains a zero byte. */
function zerosIn(bytes: Uint8Array): number {
  let zeros = 0;
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] === 0) zeros += 1;
  return zeros;
}

function withoutNul(text: string): string {
  return text.replaceAll("\0", " ");
}
