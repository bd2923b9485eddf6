/** Transform: takes the location of a photograph from its EXIF block. */

import * as z from "zod";
import type { Content, Input } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { locationOf } from "../formats/exif/image-location.js";

const Options = z.strictObject({
  /** Replaces a location that the input already has. Default: false. */
  overwrite: z.boolean().default(false),
  /**
   * What happens to an image whose EXIF block cannot be read or lies outside of the earth. `note`: it goes on without a location from it, and the
   * report counts it. `fail`: it fails (ERR_EXIF). Default: note.
   */
  onBroken: z.enum(["note", "fail"]).default("note"),
  /** Most files read at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
});
/** Options of `geoFromExif`. */
export type GeoFromExifOptions = OptionsOf<typeof Options>;
type Checked = z.output<typeof Options>;

const brokenNote = "geoFromExif: the EXIF block is broken, so no location was taken";
const remoteNote = "geoFromExif: the image is a URL, so its EXIF was not read; urls(list, { fetch: true }) fetches it";
const hemisphereNote = "geoFromExif: the coordinates name no hemisphere, so no location was taken";

/**
 * Reads the GPS position of each image and makes it the input's location: from EXIF in JPEG, PNG, WebP, TIFF, HEIC and AVIF, and where EXIF has none,
 * from XMP. Reads headers and directories, wherever they lie in the file, and never the pixels.
 *
 * Keeps order. Images without a position go on unchanged, and images that are URLs with a note: their bytes are not here. Coordinates that are all zero, or name no hemisphere,
 * are no position. A broken EXIF block is a note in the report, or a failure (`onBroken`). A file that cannot be read fails (ERR_FILE_UNREADABLE).
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
