/** Transform: takes the location of a photograph from its EXIF block. */

import * as z from "zod";
import type { Content, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { locationOf } from "../formats/exif/image-location.js";

const optionFields = {
  /** Replaces an existing location of the input. Default: false. */
  overwrite: z.boolean().default(false),
  /**
   * What to do with an image whose EXIF block is broken, or whose coordinates are out of range. "note": the input passes unchanged, and the report counts
   * it. "fail": the input fails (ERR_EXIF). Default: "note".
   */
  onBroken: z.enum(["note", "fail"]).default("note"),
  /** Maximum number of images read at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
};
const Options = z.strictObject(optionFields);
/** Options of `geoFromExif`. */
export type GeoFromExifOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

const brokenNote = "geoFromExif: the EXIF block is broken, so no location was taken";
const remoteNote = "geoFromExif: the image is a URL, so its EXIF was not read; urls(list, { fetch: true }) fetches it";
const hemisphereNote = "geoFromExif: the coordinates name no hemisphere, so no location was taken";

/**
 * Sets the location of each input to the GPS position of its image. The position comes from EXIF in JPEG, PNG, WebP, TIFF, HEIC and AVIF, else from XMP.
 * Only headers and directories of the file are read, never the pixels.
 *
 * Keeps order. An image without a position passes unchanged; so does an image that is a URL, with a note. Coordinates that are all zero, or have no
 * hemisphere, are ignored. A broken EXIF block is a note in the report, or a failure (`onBroken`). An input whose file cannot be read settles as failed
 * (ERR_FILE_UNREADABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromExif(), batch(), upload(app));
 */
export const geoFromExif = defineTransform({
  name: "geoFromExif",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  apply(input, options, { note }) {
    const { image } = input;
    if (!image || (input.geo && !options.overwrite)) return input;
    if ("url" in image) {
      note(remoteNote);
      return input;
    }
    return withLocation(input, image, options, note);
  },
});

async function withLocation(input: Input, image: Content, { onBroken }: Checked, note: (text: string) => void) {
  const { location, broken, lacksHemisphere } = await locationOf(image);
  if (location) return { ...input, geo: location };
  if (broken && onBroken === "fail") throw broken;
  if (broken) note(brokenNote);
  else if (lacksHemisphere) note(hemisphereNote);
  return input;
}
