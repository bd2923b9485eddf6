/** Frames: whether the coordinates of a format are about the upright or the stored pixels of an image. */

import { InputError } from "../../core/errors.js";
import type { Picture } from "./picture.js";
import { swapsSides } from "./turn.js";

export type Frame = "upright" | "stored";

export interface FoundFrame {
  frame: Frame;
  /** Whether the size could not decide, so that the default of the format did. */
  isGuess: boolean;
}

interface Size {
  width: number;
  height: number;
}

/**
 * Finds the frame by the declared size: an orientation that swaps the sides makes upright and stored size differ.
 *
 * @param declared the size in the label; undefined if it has none
 * @param asked the option `orientation`
 * @throws {InputError} ERR_IMAGE_SIZE if the declared size is neither
 */
export function frameOf(
  picture: Picture,
  declared: Size | undefined,
  asked: Frame | undefined,
  byDefault: Frame,
): FoundFrame {
  const { width, height, uprightWidth, uprightHeight, orientation } = picture;
  if (declared === undefined) return { frame: asked ?? byDefault, isGuess: asked === undefined && orientation > 1 };
  const isStored = declared.width === width && declared.height === height;
  const isUpright = declared.width === uprightWidth && declared.height === uprightHeight;
  if (!isStored && !isUpright) {
    const text = `the label is for an image of ${declared.width} × ${declared.height} pixels, and the image has ${width} × ${height}`;
    throw new InputError("ERR_IMAGE_SIZE", `${text}; use the image that was labelled`);
  }
  if (isStored !== isUpright) return { frame: isStored ? "stored" : "upright", isGuess: false };
  return { frame: asked ?? byDefault, isGuess: asked === undefined && orientation > 1 };
}

/** Returns the size of a picture in a frame. */
export function sizeIn({ width, height, orientation }: Picture, frame: Frame): Size {
  return frame === "upright" && swapsSides(orientation) ? { width: height, height: width } : { width, height };
}
