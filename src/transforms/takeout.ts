/** Transform: takes what the sidecars of Google Takeout say about photos and videos. */

import * as z from "zod";
import { type Input, type Json, mediaOf } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { type Sidecar, Sidecars } from "../formats/takeout/sidecar.js";

const optionFields = {
  /** Text before each key of the metadata, such as "google_". Default: none. */
  prefix: z.string().default(""),
  /** Replaces existing values of the input, also its location. Default: false. */
  overwrite: z.boolean().default(false),
  /** Maximum number of sidecars read at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
};
const Options = z.strictObject(optionFields);
/** Options of `takeout`. */
export type TakeoutOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;

const notes = {
  none: "takeout: the file has no sidecar",
  broken: "takeout: the sidecar is not readable JSON, so nothing was taken from it",
  ambiguous: "takeout: several sidecars fit the file, so nothing was taken from them",
  elsewhere: "takeout: the content is not a whole file on disk, so no sidecar was looked for",
};

/**
 * Takes what Google Takeout wrote beside each photo and video: `IMG_1.jpg.json` or `IMG_1.jpg.supplemental-metadata.json`. The location goes into `geo`; into the
 * metadata go `takenAt` (UTC) with `takenAtZone: "UTC"`, `description`, `people`, `url`, the original name as `title` if it differs, and `favorited`, `archived` and
 * `trashed` if they are true.
 *
 * Finds names that Takeout shortened or numbered, the original of an edited copy, and the picture of a live photo's video. Values that the input has stay.
 *
 * Keeps order. A file without a sidecar passes unchanged, with a note; so do a broken sidecar, several that fit, and contents that are not files on disk.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./Takeout/Google Photos")).pipe(takenAt(), geoFromExif(), takeout(), batch(), upload(app));
 */
export const takeout = defineTransform({
  name: "takeout",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  open: () => new Sidecars(),
  async apply(input, options, { note, state }) {
    const media = mediaOf(input);
    if (!media || media.kind === "audio") return input;
    const { kind, content } = media;
    if (!("path" in content) || content.offset !== undefined) {
      note(notes.elsewhere);
      return input;
    }
    const sidecar = await state.of(content.path, kind === "video");
    if (typeof sidecar === "object") return withSidecar(input, sidecar, options);
    note(notes[sidecar ?? "none"]);
    return input;
  },
});

function withSidecar(input: Input, sidecar: Sidecar, { prefix, overwrite }: Checked): Input {
  const { geo, takenAt, title, ...others } = sidecar;
  const { metadata } = input;
  const renamed = title === metadata.filename ? undefined : title;
  const found: Record<string, Json> = {};
  for (const [key, value] of Object.entries({ takenAt, title: renamed, ...others })) {
    if (value === undefined || (!overwrite && `${prefix}${key}` in metadata)) continue;
    found[`${prefix}${key}`] = value;
    if (key === "takenAt") found[`${prefix}takenAtZone`] = "UTC";
  }
  const place = geo && (overwrite || !input.geo) ? { geo } : {};
  if (Object.keys(found).length === 0 && !place.geo) return input;
  return { ...input, ...place, metadata: { ...metadata, ...found } };
}
