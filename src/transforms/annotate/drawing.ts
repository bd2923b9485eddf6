/** What a drawing is, and the options that the functions of all regions share. */

import { InputError } from "../../core/errors.js";
import type { Annotation, Concept, Input } from "../../core/input/input.js";

export type Labels = string | Concept | readonly (string | Concept)[];

/** Options of `boundingBox`, `polygon` and `point`. */
export interface RegionOptions {
  /** Size of the image, if the coordinates are pixels; `true` takes the size of the input's image. Default: coordinates are shares from 0 to 1. */
  pixels?: { width: number; height: number } | true | undefined;
  /** Id of the annotation, for patching and deleting it later. */
  id?: string | undefined;
}

/** An annotation, or a function that makes it of the input: of the size of its image, or of its text. */
export type Drawing = Annotation | ((input: Input) => Annotation);

/** Makes an annotation at once if the size of the image is known, else when its input arrives. */
export function sized({ pixels }: RegionOptions, make: (width: number, height: number) => Annotation): Drawing {
  if (pixels === undefined) return make(1, 1);
  if (pixels !== true) return make(pixels.width, pixels.height);
  return ({ image }) => {
    if (image?.width === undefined || image.height === undefined) {
      throw new InputError(
        "ERR_SIZE_UNKNOWN",
        "pixels: true needs an image whose size is known; pass { pixels: { width, height } }",
      );
    }
    return make(image.width, image.height);
  };
}

/** The hint of an error text about coordinates. */
export function hintFor({ pixels }: RegionOptions): string {
  return pixels === undefined
    ? "; for pixels, pass { pixels: true }, or the size as { pixels: { width, height } }"
    : "";
}

/** Returns the id of an annotation as a field, if it has one. */
export function named({ id }: { id?: string | undefined }): { id?: string } {
  return id === undefined ? {} : { id };
}
