/** Makes small pictures of stored images on request, at most two at a time, and caches them. */

import { limits } from "../../clarifai/limits.js";
import { pixelBudget } from "../../core/input/decoding.js";
import { describeFile } from "../../core/input/describe.js";
import { Semaphore } from "../../core/util/semaphore.js";

export interface Rendition {
  /** Longest side. */
  pixels: number;
  /** Applies the EXIF orientation. */
  isUpright: boolean;
}

/** Renditions by name. Regions refer to the stored pixels, so images with regions need a rendition without rotation. */
export const pictureRenditions: Readonly<Record<string, Rendition>> = {
  tile: { pixels: 360, isUpright: true },
  view: { pixels: 1600, isUpright: true },
  zoom: { pixels: 4096, isUpright: true },
  "tile-as-stored": { pixels: 360, isUpright: false },
  "view-as-stored": { pixels: 1600, isUpright: false },
  "zoom-as-stored": { pixels: 4096, isUpright: false },
};
/** The formats that are decoded. */
export const decodedTypes = new Set(["image/jpeg", "image/png", "image/apng", "image/webp", "image/gif", "image/tiff"]);
const maxCachedBytes = 32_000_000;

const maxAtOnce = 2;

export class Thumbnails {
  readonly #cache = new Map<string, Buffer>();
  readonly #pending = new Map<string, Promise<Buffer | undefined>>();
  readonly #slots = new Semaphore(maxAtOnce);
  #cachedBytes = 0;

  /** Returns a WebP picture of an image file. Undefined: it cannot be decoded. */
  get(path: string, name: string, rendition: Rendition): Promise<Buffer | undefined> {
    const key = `${rendition.pixels} ${rendition.isUpright} ${name}`;
    const cached = this.#cache.get(key);
    if (cached) {
      this.#cache.delete(key);
      this.#cache.set(key, cached); // The least recently used picture is first in the map.
      return Promise.resolve(cached);
    }
    const pending = this.#pending.get(key);
    if (pending) return pending;
    const picture = this.#slots
      .run(() => make(path, rendition))
      .catch(() => undefined)
      .then((bytes) => {
        this.#pending.delete(key);
        if (bytes) this.#add(key, bytes);
        return bytes;
      });
    this.#pending.set(key, picture);
    return picture;
  }

  #add(key: string, bytes: Buffer): void {
    this.#cache.set(key, bytes);
    this.#cachedBytes += bytes.length;
    for (const [oldest, { length }] of this.#cache) {
      if (this.#cachedBytes <= maxCachedBytes) return;
      this.#cache.delete(oldest);
      this.#cachedBytes -= length;
    }
  }
}

async function make(path: string, { pixels, isUpright }: Rendition): Promise<Buffer | undefined> {
  const { width = 0, height = 0, mimeType = "" } = (await describeFile(path)).content;
  const megapixels = (width * height) / 1_000_000;
  if (!decodedTypes.has(mimeType) || megapixels > limits.maxMegapixels) return undefined;
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
