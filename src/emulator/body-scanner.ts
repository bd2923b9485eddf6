/** Scanning request bodies: base64 values go to a sink as they arrive; what is left is small JSON. */

const quote = 0x22;
const backslash = 0x5c;

/** Takes the bytes of one base64 value, piece by piece. */
export interface MediaSink {
  write(bytes: Buffer): void;
  /** `valid` is false when the value was not base64. Gives back what stands for the value in the JSON. */
  end(valid: boolean): string;
}

/**
 * Reads JSON as it arrives. The value of every key `base64` is decoded into a sink from `open`; in the remaining JSON its place is taken by the
 * text that the sink gives back. No value is ever in memory as a whole.
 */
export class BodyScanner {
  readonly #open: () => MediaSink;
  readonly #kept: Buffer[] = [];
  #mode: "between" | "string" | "media" = "between";
  /** Backslashes in a row at the end of what was seen of a string. */
  #backslashes = 0;
  /** The last string, when it is short enough to be a key of interest. */
  #string = "";
  #between = "";
  #sink: MediaSink | undefined;
  #rest = "";
  #padded = false;
  #valid = true;

  constructor(open: () => MediaSink) {
    this.#open = open;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#mode === "between") at = this.#scanBetween(chunk, at);
      else if (this.#mode === "string") at = this.#scanString(chunk, at);
      else at = this.#scanMedia(chunk, at);
    }
  }

  /** The JSON without its media. @throws {SyntaxError} */
  end(): unknown {
    if (this.#sink) this.#sink.end(false);
    return JSON.parse(Buffer.concat(this.#kept).toString("utf8"));
  }

  #scanBetween(chunk: Buffer, start: number): number {
    const found = chunk.indexOf(quote, start);
    const end = found === -1 ? chunk.length : found + 1;
    const piece = chunk.subarray(start, end);
    this.#keep(piece);
    if (this.#between.length < 32) this.#between += piece.toString("latin1", 0, Math.min(piece.length, 32));
    if (found === -1) return end;
    const isMedia = this.#string === "base64" && /^\s*:\s*"$/.test(this.#between);
    this.#between = "";
    this.#string = "";
    this.#backslashes = 0;
    if (isMedia) {
      this.#mode = "media";
      this.#sink = this.#open();
      this.#rest = "";
      this.#padded = false;
      this.#valid = true;
    } else this.#mode = "string";
    return end;
  }

  #scanString(chunk: Buffer, start: number): number {
    const found = chunk.indexOf(quote, start);
    const end = found === -1 ? chunk.length : found;
    if (this.#string.length <= 8) this.#string += chunk.toString("latin1", start, Math.min(end, start + 16));
    let run = 0;
    while (run < end - start && chunk[end - 1 - run] === backslash) run += 1;
    this.#backslashes = run === end - start ? this.#backslashes + run : run;
    if (found === -1) {
      this.#keep(chunk.subarray(start));
      return end;
    }
    this.#keep(chunk.subarray(start, found + 1));
    if (this.#backslashes % 2 === 0) this.#mode = "between";
    else this.#string += '"';
    this.#backslashes = 0;
    return found + 1;
  }

  #scanMedia(chunk: Buffer, start: number): number {
    const found = chunk.indexOf(quote, start);
    const end = found === -1 ? chunk.length : found;
    this.#decode(chunk.toString("latin1", start, end));
    if (found === -1) return end;
    if (this.#rest !== "") this.#valid = false;
    const text = (this.#sink as MediaSink).end(this.#valid);
    this.#sink = undefined;
    this.#kept.push(Buffer.from(`${text}"`));
    this.#mode = "between";
    return found + 1;
  }

  #decode(piece: string): void {
    let text = piece.includes("\\") ? piece.replaceAll("\\", "") : piece;
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

  #keep(piece: Buffer): void {
    // A copy: the chunk belongs to the connection, and a slice would keep all of it.
    this.#kept.push(Buffer.from(piece));
  }
}
