/** Sizes of images: how many different ones there are, and the smallest and the largest. */

/** Sizes of the images of a dataset. */
export interface SizeSummary {
  images: number;
  /** Number of different sizes; at most 10,000 are told apart. */
  different: number;
  /** The image with the fewest pixels: width and height. */
  smallest: readonly [number, number];
  /** The image with the most pixels. */
  largest: readonly [number, number];
}

const maxDifferent = 10_000;

/** Counts sizes of images. */
export class ImageSizes {
  readonly #different = new Set<number>();
  #images = 0;
  #smallest: readonly [number, number] = [0, 0];
  #largest: readonly [number, number] = [0, 0];

  add(width: number, height: number): void {
    this.#images += 1;
    if (this.#different.size < maxDifferent) this.#different.add(width * 2 ** 24 + height);
    const pixels = width * height;
    if (this.#images === 1 || pixels < this.#smallest[0] * this.#smallest[1]) this.#smallest = [width, height];
    if (pixels > this.#largest[0] * this.#largest[1]) this.#largest = [width, height];
  }

  /** Undefined if there are no images. */
  get summary(): SizeSummary | undefined {
    if (this.#images === 0) return undefined;
    return {
      images: this.#images,
      different: this.#different.size,
      smallest: this.#smallest,
      largest: this.#largest,
    };
  }
}
