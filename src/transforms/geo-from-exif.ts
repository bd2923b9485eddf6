/** Transform: takes the location of a photograph from its EXIF block. */

import type { OperatorFunction } from "rxjs";
import * as z from "zod";
import type { Message } from "../core/accounting/message.js";
import type { Content, Input } from "../core/input/input.js";
import { type OptionsOf, parseOptions } from "../core/plugin/plugin.js";
import { transformOperator } from "../core/plugin/transform-operator.js";
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
export function geoFromExif(options: GeoFromExifOptions = {}): OperatorFunction<Message, Message> {
  const checked = parseOptions("geoFromExif", Options, options);
  return transformOperator({
    name: "geoFromExif",
    concurrency: checked.concurrency,
    apply(input, { note }) {
      const { image } = input;
      if (!image || (input.geo && !checked.overwrite)) return input;
      if ("url" in image) {
        note(remoteNote);
        return input;
      }
      return withLocation(input, image, checked, note);
    },
  });
}

async function withLocation(input: Input, image: Content, { onBroken }: Checked, note: (text: string) => void) {
  const { location, broken, lacksHemisphere } = await locationOf(image);
  if (location) return { ...input, geo: location };
  if (broken && onBroken === "fail") throw broken;
  if (broken) note(brokenNote);
  else if (lacksHemisphere) note(hemisphereNote);
  return input;
}
