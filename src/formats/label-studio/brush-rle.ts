/** Brush masks of Label Studio: run lengths of RGBA values in a stream of bits. */

import { InputError } from "../../core/errors.js";
import { type Bitmap, emptyBitmap } from "../masks/bitmap.js";

/** Values of a pixel: red, green, blue, alpha. The alpha value is the mask. */
const channels = 4;
/** Sizes of the numbers in which the lengths of runs are written, in bits. */
const lengthSizes = [3, 4, 8, 16] as const;

/**
 * Decodes a mask. The stream begins with the number of values (32 bits), the size of a value minus 1 (5 bits), and four sizes of lengths minus 1 (4 bits each). Each
 * block has a bit that says whether its values are equal, the index of its length's size (2 bits), the length minus 1, and one value or all values.
 *
 * @throws {InputError} ERR_MASK if the bytes do not have as many values as the image
 */
export function decodeBrush(rle: readonly number[], width: number, height: number, name: string): Bitmap {
  const bitmap = emptyBitmap(width, height, name);
  const broken = (reason: string) => new InputError("ERR_MASK", `${name}: the mask is not valid: ${reason}`);
  if (!rle.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    throw broken("rle is not a list of bytes");
  const bits = new BitReader(rle);
  const count = bits.read(32);
  const valueSize = bits.read(5) + 1;
  const sizes = lengthSizes.map(() => bits.read(4) + 1);
  if (count !== width * height * channels)
    throw broken(`it has ${count} values, and the image has ${width} × ${height} pixels`);
  for (let at = 0; at < count; ) {
    if (bits.isAtEnd) throw broken("it ends early");
    const isRun = bits.read(1) === 1;
    const length = bits.read(sizes[bits.read(2)] as number) + 1;
    const end = Math.min(at + length, count);
    if (isRun) {
      const value = bits.read(valueSize);
      for (let alpha = at + ((channels - 1 - (at % channels) + channels) % channels); alpha < end; alpha += channels)
        bitmap.pixels[alpha >> 2] = value;
    } else
      for (let index = at; index < end; index += 1) {
        const value = bits.read(valueSize);
        if (index % channels === channels - 1) bitmap.pixels[index >> 2] = value;
      }
    at = end;
  }
  if (bits.isOver) throw broken("it ends early");
  return bitmap;
}

/** Encodes a mask: every channel of a pixel inside is 255. */
export function encodeBrush({ width, height, pixels }: Bitmap): number[] {
  const bits = new BitWriter();
  bits.write(width * height * channels, 32);
  bits.write(7, 5);
  for (const size of lengthSizes) bits.write(size - 1, 4);
  const total = pixels.length;
  for (let at = 0; at < total; ) {
    const value = pixels[at] === 0 ? 0 : 255;
    let end = at + 1;
    while (end < total && (pixels[end] === 0 ? 0 : 255) === value) end += 1;
    for (let left = (end - at) * channels; left > 0; ) {
      const index = lengthSizes.findIndex((size) => left <= 2 ** size);
      const size = lengthSizes[index < 0 ? 3 : index] as number;
      const length = Math.min(left, 2 ** size);
      bits.write(1, 1);
      bits.write(index < 0 ? 3 : index, 2);
      bits.write(length - 1, size);
      bits.write(value, 8);
      left -= length;
    }
    at = end;
  }
  return bits.bytes();
}

class BitReader {
  readonly #bytes: readonly number[];
  #position = 0;

  constructor(bytes: readonly number[]) {
    this.#bytes = bytes;
  }

  /** Whether more bits were read than there are. */
  get isOver(): boolean {
    return this.#position > this.#bytes.length * 8;
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#bytes.length * 8;
  }

  read(size: number): number {
    let value = 0;
    for (let index = 0; index < size; index += 1) {
      const byte = this.#bytes[this.#position >> 3] ?? 0;
      value = value * 2 + ((byte >> (7 - (this.#position & 7))) & 1);
      this.#position += 1;
    }
    return value;
  }
}

class BitWriter {
  readonly #bytes: number[] = [];
  #position = 0;

  write(value: number, size: number): void {
    for (let bit = size - 1; bit >= 0; bit -= 1) {
      if ((this.#position & 7) === 0) this.#bytes.push(0);
      const isSet = Math.floor(value / 2 ** bit) % 2 === 1;
      const last = this.#bytes.length - 1;
      if (isSet) this.#bytes[last] = (this.#bytes[last] as number) | (1 << (7 - (this.#position & 7)));
      this.#position += 1;
    }
  }

  bytes(): number[] {
    return this.#bytes;
  }
}
