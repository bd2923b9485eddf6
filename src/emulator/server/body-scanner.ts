/** Scanning request bodies: the bytes of inputs go to a sink as they arrive; what is left is small JSON. */

const quote = 0x22;
const backslash = 0x5c;
/** The longest key that is looked at; `base64` written in escapes has 36 characters. */
const maxKeyLength = 48;
/** Deeper JSON is refused, because what walks through it later is recursive. */
const maxDepth = 500;
/** Values take much more memory than the few bytes that they are written in. */
const maxValues = 4_000_000;
/** Where inputs have their bytes. A key of this name elsewhere, in metadata say, is the user's own. */
const mediaPath = /^inputs\.data\.(?:image|video|audio)\.base64$/;

/** Takes the bytes of one base64 value, piece by piece. */
export interface MediaSink {
  write(bytes: Buffer): void;
  /** `valid` is false when the value was not base64. Gives back what stands for the value in the JSON. */
  end(valid: boolean): string;
}

interface Level {
  isArray: boolean;
  key: string;
}

/**
 * Reads JSON as it arrives. The bytes of each input are decoded into a sink from `open`; in the remaining JSON their place is taken by the text
 * that the sink gives back. No such value is ever in memory as a whole.
 */
export class BodyScanner {
  readonly #open: () => MediaSink;
  readonly #kept: Buffer[] = [];
  readonly #levels: Level[] = [];
  #values = 0;
  #mode: "between" | "string" | "media" = "between";
  /** Backslashes in a row at the end of what was seen of a string. */
  #backslashes = 0;
  /** The last string as it was written, as far as it could be a key. */
  #string = "";
  #isValue = false;
  #sink: MediaSink | undefined;
  /** The beginning of an escape whose end has not arrived. */
  #escape = "";
  #rest = "";
  #padded = false;
  #valid = true;

  constructor(open: () => MediaSink) {
    this.#open = open;
  }

  /** @throws {SyntaxError} when the JSON is too deep or has too many values */
  write(chunk: Buffer): void {
    let at = 0;
    let keepFrom = 0;
    while (at < chunk.length) {
      if (this.#mode === "between") {
        at = this.#scanBetween(chunk, at);
        if (this.#sink) this.#keep(chunk.subarray(keepFrom, at));
      } else if (this.#mode === "string") {
        at = this.#scanString(chunk, at);
      } else {
        at = this.#scanMedia(chunk, at);
        keepFrom = at;
      }
    }
    if (this.#mode !== "media") this.#keep(chunk.subarray(keepFrom));
  }

  /** The JSON without its media. @throws {SyntaxError} */
  end(): unknown {
    if (this.#sink) this.#sink.end(false);
    return JSON.parse(Buffer.concat(this.#kept).toString("utf8"));
  }

  #scanBetween(chunk: Buffer, start: number): number {
    const found = chunk.indexOf(quote, start);
    const end = found === -1 ? chunk.length : found;
    for (let at = start; at < end; at += 1) this.#structure(chunk[at] as number);
    if (found === -1) return end;
    this.#backslashes = 0;
    if (this.#isValue && this.#isMedia()) {
      this.#mode = "media";
      this.#sink = this.#open();
      this.#escape = "";
      this.#rest = "";
      this.#padded = false;
      this.#valid = true;
    } else {
      this.#mode = "string";
      this.#string = "";
    }
    return found + 1;
  }

  #structure(character: number): void {
    const level = this.#levels.at(-1);
    switch (character) {
      case 0x7b: // {
      case 0x5b: // [
        this.#count();
        if (this.#levels.length >= maxDepth) throw new SyntaxError("the JSON is too deep");
        this.#levels.push({ isArray: character === 0x5b, key: "" });
        this.#isValue = false;
        break;
      case 0x7d: // }
      case 0x5d: // ]
        this.#levels.pop();
        this.#isValue = false;
        break;
      case 0x3a: // :
        if (level && !level.isArray) level.key = keyFrom(this.#string);
        this.#isValue = true;
        break;
      case 0x2c: // ,
        this.#count();
        this.#isValue = false;
        break;
    }
  }

  #count(): void {
    this.#values += 1;
    if (this.#values > maxValues) throw new SyntaxError("the JSON has too many values");
  }

  #isMedia(): boolean {
    const innermost = this.#levels.at(-1);
    if (innermost?.isArray !== false || innermost.key !== "base64") return false;
    const keys = this.#levels.filter((level) => !level.isArray).map((level) => level.key);
    return mediaPath.test(keys.join("."));
  }

  #scanString(chunk: Buffer, start: number): number {
    const found = this.#endOfString(chunk, start);
    const end = found === -1 ? chunk.length : found;
    if (this.#string.length <= maxKeyLength) {
      this.#string += chunk.toString("latin1", start, Math.min(end, start + maxKeyLength + 1));
    }
    if (found === -1) return end;
    this.#mode = "between";
    return found + 1;
  }

  #scanMedia(chunk: Buffer, start: number): number {
    const found = this.#endOfString(chunk, start);
    const end = found === -1 ? chunk.length : found;
    this.#decode(chunk.toString("latin1", start, end));
    if (found === -1) return end;
    if (this.#rest !== "" || this.#escape !== "") this.#valid = false;
    const text = (this.#sink as MediaSink).end(this.#valid);
    this.#sink = undefined;
    this.#kept.push(Buffer.from(text));
    this.#mode = "between";
    this.#keep(chunk.subarray(found, found + 1));
    return found + 1;
  }

  /** Where the quote is that ends a string; -1 when it has not arrived. */
  #endOfString(chunk: Buffer, start: number): number {
    let from = start;
    for (;;) {
      const found = chunk.indexOf(quote, from);
      const end = found === -1 ? chunk.length : found;
      let run = 0;
      while (run < end - from && chunk[end - 1 - run] === backslash) run += 1;
      this.#backslashes = run === end - from ? this.#backslashes + run : run;
      if (found === -1) return -1;
      const isEscaped = this.#backslashes % 2 === 1;
      this.#backslashes = 0;
      if (!isEscaped) return found;
      from = found + 1;
    }
  }

  #decode(piece: string): void {
    let text = this.#unescape(piece);
    if (text === "") return;
    if (this.#padded) {
      this.#valid = false;
      return;
    }
    text = this.#rest + text;
    const whole = text.length - (text.length % 4);
    this.#rest = text.slice(whole);
    if (whole === 0) return;
    const bytes = Buffer.from(this.#rest === "" ? text : text.slice(0, whole), "base64");
    const last = text.slice(Math.max(0, whole - 2), whole);
    const padding = last.endsWith("==") ? 2 : last.endsWith("=") ? 1 : 0;
    this.#padded = padding > 0;
    if (bytes.length !== (whole / 4) * 3 - padding) this.#valid = false;
    (this.#sink as MediaSink).write(bytes);
  }

  /** Some writers of JSON escape `/`, some `+`. What is no base64 afterwards becomes a backslash, which is none either. */
  #unescape(piece: string): string {
    if (this.#escape === "" && !piece.includes("\\")) return piece;
    const text = this.#escape + piece;
    this.#escape = /\\(?:u[0-9a-fA-F]{0,3})?$/.exec(text)?.[0] ?? "";
    return text
      .slice(0, text.length - this.#escape.length)
      .replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, character: string | undefined) => {
        const decoded = hex === undefined ? (character ?? "") : String.fromCharCode(Number.parseInt(hex, 16));
        return /^[A-Za-z0-9+/=]$/.test(decoded) && (hex !== undefined || decoded === "/") ? decoded : "\\";
      });
  }

  #keep(piece: Buffer): void {
    // A copy: the chunk belongs to the connection, and a slice would keep all of it.
    if (piece.length > 0) this.#kept.push(Buffer.from(piece));
  }
}

function keyFrom(written: string): string {
  if (written.length > maxKeyLength) return "";
  if (!written.includes("\\")) return written;
  try {
    return String(JSON.parse(`"${written}"`));
  } catch {
    return "";
  }
}
