/** Origins in memory: a numbered list of texts, in blocks that share the beginning of their texts. */

/** Texts of a block. They are joined and encoded together, which costs a tenth of one by one. */
const blockLength = 256;

interface Block {
  prefix: string;
  /** What follows the prefix in each text, with NUL between them. */
  rests: Buffer;
}

/** An append-only list. A NUL in a text, which no file name has, becomes a space. */
export class OriginLog {
  readonly #blocks: Block[] = [];
  #open: string[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Adds a text; returns the new length. Nothing here looks into a text: one that was put together stays as it is until its block is made. */
  push(text: string): number {
    this.#open.push(text);
    if (this.#open.length === blockLength) {
      this.#blocks.push(blockOf(this.#open));
      this.#open = [];
    }
    this.#length += 1;
    return this.#length;
  }

  at(index: number): string {
    const block = this.#blocks[Math.floor(index / blockLength)];
    const offset = index % blockLength;
    if (!block) return withoutNul(this.#open[offset] as string);
    return block.prefix + block.rests.toString("utf8").split("\0")[offset];
  }
}

/** The prefix is that of the first and the last text; where another text has not all of it, it is made shorter. */
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

/** What two texts begin with. Half of a surrogate pair at its end would not survive the encoding of the rests. */
function prefixOf(one: string, other: string): string {
  let length = 0;
  while (length < one.length && one.charCodeAt(length) === other.charCodeAt(length)) length += 1;
  const prefix = one.slice(0, length);
  return /[\uD800-\uDBFF]$/.test(prefix) ? prefix.slice(0, -1) : prefix;
}

function restsOf(joined: string, prefix: string): string {
  return prefix === "" ? joined : joined.slice(prefix.length).replaceAll(`\0${prefix}`, "\0");
}

/** In UTF-8, a zero is part of no other character. */
function zerosIn(bytes: Uint8Array): number {
  let zeros = 0;
  for (let index = 0; index < bytes.length; index += 1) if (bytes[index] === 0) zeros += 1;
  return zeros;
}

function withoutNul(text: string): string {
  return text.replaceAll("\0", " ");
}
