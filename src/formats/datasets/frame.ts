/** Frames: the pixels in which a label file counts, which are the stored pixels of an image or the upright ones. */

import { InputError } from "../../core/errors.js";
import type { Annotation } from "../../core/input/input.js";
import type { Picture } from "../annotations/picture.js";
import { turnedBack } from "../annotations/turn.js";

/** The pixels in which coordinates count. */
export interface Frame {
  width: number;
  height: number;
  /** How the stored pixels are turned to become these, as an EXIF orientation; 1 for the stored pixels. */
  orientation: number;
}

/** Size as a label file declares it. */
export interface DeclaredSize {
  width: number;
  height: number;
}

/**
 * Chooses the frame of a label file. The declared size decides if it fits only one of the two; otherwise `fallback`. A size of 0 counts as not declared.
 *
 * @param name names the label file in the error text.
 * @throws {InputError} ERR_IMAGE_SIZE if the declared size fits neither
 */
export function frameOf(
  picture: Picture,
  declared: DeclaredSize | undefined,
  fallback: "upright" | "stored",
  name: string,
): Frame {
  const { width, height, orientation, uprightWidth, uprightHeight } = picture;
  const stored: Frame = { width, height, orientation: 1 };
  const upright: Frame = { width: uprightWidth, height: uprightHeight, orientation };
  const chosen = fallback === "upright" ? upright : stored;
  if (!declared || !(declared.width > 0 && declared.height > 0)) return chosen;
  const [fitsStored, fitsUpright] = [fits(declared, stored), fits(declared, upright)];
  if (fitsStored && fitsUpright) return chosen;
  if (fitsUpright) return upright;
  if (fitsStored) return stored;
  const sizes = `${declared.width} × ${declared.height} pixels, and the image has ${uprightWidth} × ${uprightHeight}`;
  throw new InputError(
    "ERR_IMAGE_SIZE",
    `${name} is for an image of ${sizes}; the labels belong to another version of the image`,
  );
}

function fits(one: DeclaredSize, other: DeclaredSize): boolean {
  return one.width === other.width && one.height === other.height;
}

/** Converts an annotation from its frame to the stored pixels. A mask is made for the stored pixels already. */
export function storedAnnotation(annotation: Annotation, { orientation }: Frame): Annotation {
  return annotation.mask ? annotation : turnedBack(annotation, orientation);
}
