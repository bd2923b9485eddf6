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

  get length(): number {
    return this.#blocks.length * blockLength + this.#open.length;
  }

  /** Adds a text; returns the new length. */
  push(text: string): number {
    this.#open.push(text.includes("\0") ? text.replaceAll("\0", " ") : text);
    if (this.#open.length === blockLength) {
      this.#blocks.push(blockOf(this.#open));
      this.#open = [];
    }
    return this.length;
  }

  at(index: number): string {
    const block = this.#blocks[Math.floor(index / blockLength)];
    const offset = index % blockLength;
    if (!block) return this.#open[offset] as string;
    return block.prefix + block.rests.toString("utf8").split("\0")[offset];
  }
}

function blockOf(texts: readonly string[]): Block {
  let prefix = texts[0] as string;
  for (let index = 1; index < texts.length; index += 1) {
    while (!(texts[index] as string).startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  // Half of a surrogate pair would not survive the encoding of the rests.
  if (!prefix.isWellFormed()) prefix = prefix.slice(0, -1);
  const joined = texts.join("\0");
  const rests = prefix === "" ? joined : joined.slice(prefix.length).replaceAll(`\0${prefix}`, "\0");
  return { prefix: Buffer.from(prefix).toString(), rests: Buffer.from(rests) };
}
