/** Scans request bodies as they arrive: passes the bytes of media to a sink, and keeps the rest as small JSON. */

const quote = 0x22;
const backslash = 0x5c;
/** Longer keys are not compared: `base64` has 36 characters if each of them is escaped. */
const maxKeyLength = 48;
/** Deeper JSON is refused, because the functions that read it are recursive. */
const maxDepth = 500;
/** More values are refused: a value needs much more memory than its few bytes in the body. */
const maxValues = 4_000_000;
/** Paths of the bytes of an input, and of a part of an upload. A key `base64` elsewhere, such as in metadata, belongs to the user. */
const mediaPath = /^(?:inputs\.data\.(?:image|video|audio)\.base64|content_?parts\.data)$/i;

/** Receives the bytes of one base64 value, piece by piece. */
export interface MediaSink {
  write(bytes: Buffer): void;
  /** Ends the value. `valid` is false if the value was not base64. Returns the placeholder for the JSON. */
  end(valid: boolean): string;
}

/** The JSON is too deep, or has too many values. */
export class JsonLimitError extends SyntaxError {}

interface Level {
  isArray: boolean;
  key: string;
}

/**
 * Scans JSON as it arrives. The bytes of each input are decoded into a sink from `open`, and replaced by the placeholder that the sink returns. So no
 * medium is in memory as a whole.
 */
export class BodyScanner {
  readonly #open: () => MediaSink;
  readonly #remaining: Buffer[] = [];
  readonly #levels: Level[] = [];
  #values = 0;
  #mode: "between" | "string" | "media" = "between";
  /** Number of backslashes at the end of the scanned part of a string. */
  #backslashes = 0;
  /** The last string as written, with its escapes. Only as many characters as a key can have. */
  #string = "";
  #isValue = false;
  #sink: MediaSink | undefined;
  /** The beginning of an escape that continues in the next chunk. */
  #escape = "";
  /** Base64 characters that wait for the rest of their group of four. */
  #rest = "";
  #padded = false;
  #valid = true;

  constructor(open: () => MediaSink) {
    this.#open = open;
  }

  /** Scans the next chunk. @throws {JsonLimitError} */
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

  /** Returns the parsed JSON with its placeholders. @throws {SyntaxError} */
  end(): unknown {
    if (this.#sink) this.#sink.end(false);
    return JSON.parse(Buffer.concat(this.#remaining).toString("utf8"));
  }

  #scanBetween(chunk: Buffer, start: number): number {
    const found = chunk.indexOf(quote, start);
    const end = found === -1 ? chunk.length : found;
    for (let at = start; at < end; at += 1) this.#scanStructure(chunk[at] as number);
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

  #scanStructure(character: number): void {
    const level = this.#levels.at(-1);
    switch (character) {
      case 0x7b: // {
      case 0x5b: // [
        this.#countValue();
        if (this.#levels.length >= maxDepth)
          throw new JsonLimitError(`the JSON is nested deeper than ${maxDepth} levels`);
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
        this.#countValue();
        this.#isValue = false;
        break;
    }
  }

  #countValue(): void {
    this.#values += 1;
    if (this.#values > maxValues) throw new JsonLimitError(`the JSON has more than ${maxValues} values`);
  }

  #isMedia(): boolean {
    const innermost = this.#levels.at(-1);
    if (innermost?.isArray !== false || (innermost.key !== "base64" && innermost.key !== "data")) return false;
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
    this.#remaining.push(Buffer.from(text));
    this.#mode = "between";
    this.#keep(chunk.subarray(found, found + 1));
    return found + 1;
  }

  /** Returns the position of the quote that ends a string; -1 if it is not in this chunk. */
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

  /** Resolves escapes, since some libraries escape `/` or `+`. Any other escape becomes a backslash, which is not base64 either. */
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
    // Copies these bytes, because a slice would keep the whole chunk in memory.
    if (piece.length > 0) this.#remaining.push(Buffer.from(piece));
  }
}

function keyFrom(escaped: string): string {
  if (escaped.length > maxKeyLength) return "";
  if (!escaped.includes("\\")) return escaped;
  try {
    return String(JSON.parse(`"${escaped}"`));
  } catch {
    return "";
  }
}
