/** Decodes the bytes of an XML file by its byte order mark, or by the encoding that its declaration names. */

/** Characters in which the declaration is searched. */
const headBytes = 200;

/** Decodes chunks. Bytes that are invalid in the encoding throw a TypeError. */
export class XmlText {
  #head = Buffer.alloc(0);
  #decoder: InstanceType<typeof TextDecoder> | undefined;

  decode(chunk: Buffer): string {
    if (this.#decoder) return this.#decoder.decode(chunk, { stream: true });
    this.#head = Buffer.concat([this.#head, chunk]);
    return this.#head.length < headBytes ? "" : this.#start();
  }

  end(): string {
    const start = this.#decoder ? "" : this.#start();
    return start + (this.#decoder?.decode() ?? "");
  }

  #start(): string {
    this.#decoder = new TextDecoder(encodingOf(this.#head), { fatal: true });
    return this.#decoder.decode(this.#head, { stream: true });
  }
}

function encodingOf(head: Buffer): string {
  if (head[0] === 0xff && head[1] === 0xfe) return "utf-16le";
  if (head[0] === 0xfe && head[1] === 0xff) return "utf-16be";
  const [, encoding = "utf-8"] =
    /^(?:\xef\xbb\xbf)?<\?xml[^>]*?\sencoding\s*=\s*["']([\w.:-]+)["']/.exec(head.toString("latin1", 0, headBytes)) ??
    [];
  return encoding;
}
