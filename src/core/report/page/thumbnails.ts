/** Makes thumbnails of sampled images, never from URLs. */

import { pathOrBytes, sizeOfContent } from "../../input/content.js";
import { pixelBudget } from "../../input/decoding.js";
import type { SampledInput } from "../sample.js";

/** A small picture; `data` is a data URL. */
export interface Thumbnail {
  data: string;
  width: number;
  height: number;
}

const maxSide = 320;
/** Larger images get no thumbnail: decoding takes too long. */
const maxPixels = 200_000_000;
/** Larger contents get no thumbnail, because a part of a file or a URI is read into memory. */
const maxBytes = 200_000_000;

/** Makes a thumbnail of an image; returns undefined for other inputs, and for images that no longer exist or cannot be decoded. */
export async function thumbnailOf(
  { kind, content }: Pick<SampledInput, "kind" | "content">,
  longestSide = maxSide,
): Promise<Thumbnail | undefined> {
  if (kind !== "image" || !content || "url" in content) return undefined;
  try {
    const { default: sharp } = await import("sharp");
    // Without the EXIF orientation: annotations refer to the pixels as stored.
    if (sizeOfContent(content) > maxBytes) return undefined;
    const image = sharp(await pathOrBytes(content), { limitInputPixels: maxPixels });
    const megapixels = ((content.width ?? 1000) * (content.height ?? 1000)) / 1_000_000;
    const { data, info } = await pixelBudget.run(
      () =>
        image
          .resize(longestSide, longestSide, { fit: "inside", withoutEnlargement: true })
          .flatten({ background: "#ffffff" })
          .jpeg({ quality: 72 })
          .toBuffer({ resolveWithObject: true }),
      megapixels,
    );
    return { data: `data:image/jpeg;base64,${data.toString("base64")}`, width: info.width, height: info.height };
  } catch {
    return undefined;
  }
}
