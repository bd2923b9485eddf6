/** Small pictures of stored images: made when they are asked for, a few at a time, and kept while there is room. */

import { limits } from "../../clarifai/limits.js";
import { describeFile } from "../../core/input/content.js";
import { pixelBudget } from "../../core/input/decoding.js";
import { Semaphore } from "../../core/util/semaphore.js";

/** How a picture is made: its longest side in pixels, and whether it is turned by its EXIF orientation. */
export interface Rendition {
  pixels: number;
  isUpright: boolean;
}

/** By name. What is drawn on an image goes by its pixels as they are stored. */
export const renditions: Readonly<Record<string, Rendition>> = {
  tile: { pixels: 360, isUpright: true },
  view: { pixels: 1600, isUpright: true },
  "tile-as-stored": { pixels: 360, isUpright: false },
  "view-as-stored": { pixels: 1600, isUpright: false },
};
/** What is decoded at all, whatever a file says that it is. */
const decoded = new Set(["image/jpeg", "image/png", "image/apng", "image/webp", "image/gif", "image/tiff"]);
const maxKeptBytes = 32_000_000;

export class Thumbnails {
  readonly #kept = new Map<string, Buffer>();
  readonly #making = new Map<string, Promise<Buffer | undefined>>();
  readonly #turns = new Semaphore(2);
  #keptBytes = 0;

  /** A WEBP of an image file; undefined when it cannot be made. */
  get(path: string, name: string, rendition: Rendition): Promise<Buffer | undefined> {
    const key = `${rendition.pixels} ${rendition.isUpright} ${name}`;
    const kept = this.#kept.get(key);
    if (kept) {
      this.#kept.delete(key);
      this.#kept.set(key, kept); // the last to go
      return Promise.resolve(kept);
    }
    const making = this.#making.get(key);
    if (making) return making;
    const made = this.#turns
      .run(() => make(path, rendition))
      .catch(() => undefined)
      .then((bytes) => {
        this.#making.delete(key);
        if (bytes) this.#keep(key, bytes);
        return bytes;
      });
    this.#making.set(key, made);
    return made;
  }

  #keep(key: string, bytes: Buffer): void {
    this.#kept.set(key, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= maxKeptBytes) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}

async function make(path: string, { pixels, isUpright }: Rendition): Promise<Buffer | undefined> {
  const { width = 0, height = 0, mimeType = "" } = (await describeFile(path)).content;
  const megapixels = (width * height) / 1_000_000;
  if (!decoded.has(mimeType) || megapixels > limits.maxMegapixels) return undefined;
  const { default: sharp } = await import("sharp");
  const open = () =>
    sharp(path, { limitInputPixels: limits.maxMegapixels * 1_000_000, failOn: "none", sequentialRead: true });
  const work = () =>
    (isUpright ? open().rotate() : open())
      .resize(pixels, pixels, { fit: "inside", withoutEnlargement: true })
      .webp({ quality: 72, effort: 2 })
      .toBuffer();
  return pixelBudget.run(work, Math.max(1, Math.ceil(megapixels)));
}
