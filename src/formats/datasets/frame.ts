/** Frames with their size, in which the sources of datasets place regions. */

import { InputError } from "../../core/errors.js";
import type { Annotation } from "../../core/input/input.js";
import { type Frame, frameOf, sizeIn } from "../annotations/frame.js";
import type { Picture } from "../annotations/picture.js";
import { turnedBack } from "../annotations/turn.js";

/** The pixels in which coordinates count. */
export interface PixelFrame {
  width: number;
  height: number;
  /** How the stored pixels are turned to become these, as an EXIF orientation; 1 for the stored pixels. */
  orientation: number;
  /** Whether neither the declared size nor the option decided. */
  isGuess: boolean;
}

/** Size as a label file declares it. A side of 0 means that it is not known. */
export interface DeclaredSize {
  width: number;
  height: number;
}

/**
 * Chooses the frame of a label file: by the declared size if it decides, else by the option, else the upright pixels, in which editors show images.
 *
 * @param name names the label file in the error text.
 * @throws {InputError} ERR_IMAGE_SIZE if the declared size is neither that of the upright nor of the stored image
 */
export function pixelFrameOf(
  picture: Picture,
  declared: DeclaredSize | undefined,
  asked: Frame | undefined,
  name: string,
): PixelFrame {
  const size = declared && declared.width > 0 && declared.height > 0 ? declared : undefined;
  try {
    const { frame, isGuess } = frameOf(picture, size, asked, "upright");
    return { ...sizeIn(picture, frame), orientation: frame === "upright" ? picture.orientation : 1, isGuess };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.code, `${name}: ${error.message}`, { cause: error });
  }
}

/** Converts an annotation from its frame to the stored pixels. A mask is made for the stored pixels already. */
export function storedAnnotation(annotation: Annotation, { orientation }: PixelFrame): Annotation {
  return annotation.mask ? annotation : turnedBack(annotation, orientation);
}
