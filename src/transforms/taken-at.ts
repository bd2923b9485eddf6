/** Transform: records when a picture or video was taken. */

import * as z from "zod";
import { type Input, mediaOf, type ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { timeOfImage, timeOfVideo } from "../formats/capture-time/capture-time.js";
import type { CaptureTime } from "../formats/capture-time/found-time.js";
import { offsetByGps, offsetsAt, offsetText } from "../formats/capture-time/local-time.js";
import { locationOf } from "../formats/exif/image-location.js";

const optionFields = {
  /** Key of the metadata for the time. The key with "Zone" behind it holds the zone. Default: "takenAt". */
  field: z.string().min(1).default("takenAt"),
  /** Replaces an existing value in the metadata. Default: false. */
  overwrite: z.boolean().default(false),
  /** Maximum number of files read at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
};
const Options = z.strictObject(optionFields);
/** Options of `takenAt`. */
export type TakenAtOptions = OptionsOf<typeof optionFields>;

/** The zone of a time that has none. */
const unknownZone = "unknown";
const utc = "UTC";
const notes = {
  remote: "takenAt: the file is a URL, so its time was not read; urls(list, { fetch: true }) fetches it",
  broken: "takenAt: the metadata are broken, so no time was taken",
  invalid: "takenAt: the date does not exist, so no time was taken",
  gap: "takenAt: clocks at this place never showed this time (it is in the hour that daylight saving skips), so it has no offset",
  twice: "takenAt: clocks at this place showed this time twice (at the end of daylight saving), so it has no offset",
  otherClock:
    "takenAt: the clock of the camera was not set to the zone of the place; the offset is that between clock and GPS",
  oldFix: "takenAt: the GPS time and the camera's clock differ by more than an hour; the zone is that of the place",
};

/** Difference between clock and GPS from which the report has a note. A camera may write a fix that is some minutes old. */
const noteworthyMs = 60 * 60_000;

/**
 * Records when each picture or video was taken, as ISO 8601 in the metadata: `takenAt: "2024-05-03T14:22:10+02:00"`, and in `takenAtZone` where the offset comes
 * from. Pictures: EXIF, else XMP. Videos: the creation time of QuickTime and MP4, which is in UTC unless the file names an offset.
 *
 * The offset is that which the file names. Else it follows from the zone of the location (the input's `geo`, or the GPS position), checked with the time of GPS.
 * Else the time stays without an offset, and the zone is "unknown": it is never guessed.
 *
 * Keeps order. A file without a time passes unchanged; so do a date that does not exist, broken metadata and a URL, with a note. An input whose file cannot be
 * read settles as failed (ERR_FILE_UNREADABLE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(takenAt(), batch(), upload(app));
 */
export const takenAt = defineTransform({
  name: "takenAt",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  apply(input, { field, overwrite }, { note }) {
    const media = mediaOf(input);
    if (!media || media.kind === "audio" || (field in input.metadata && !overwrite)) return input;
    const { kind, content } = media;
    if (!("url" in content)) return withTime(input, { kind, content }, field, note);
    note(notes.remote);
    return input;
  },
});

type Note = (text: string) => void;

async function withTime(
  input: Input,
  { kind, content }: { kind: "image" | "video"; content: ReadableContent },
  field: string,
  note: Note,
): Promise<Input> {
  const { time, invalid, isBroken } = await (kind === "image" ? timeOfImage(content) : timeOfVideo(content));
  if (!time) {
    if (invalid !== undefined) note(notes.invalid);
    else if (isBroken) note(notes.broken);
    return input;
  }
  const { offset, zone } =
    time.offset === undefined ? await zoned(time, input, content, note) : named(time.offset, kind);
  const at = `${time.local.text}${zone === utc ? "Z" : offset === undefined ? "" : offsetText(offset)}`;
  return { ...input, metadata: { ...input.metadata, [field]: at, [`${field}Zone`]: zone } };
}

interface Zoned {
  /** Minutes from UTC. */
  offset?: number;
  zone: string;
}

function named(offset: number, kind: "image" | "video"): Zoned {
  return { offset, zone: kind === "video" && offset === 0 ? utc : offsetText(offset) };
}

/** Finds the offset by the location and the time of GPS. */
async function zoned(time: CaptureTime, input: Input, content: ReadableContent, note: Note): Promise<Zoned> {
  const { local, gpsMs } = time;
  const byGps = gpsMs === undefined ? undefined : offsetByGps(local, gpsMs);
  const zone = await zoneOf(input, content);
  if (zone === undefined)
    return byGps === undefined ? { zone: unknownZone } : { offset: byGps, zone: offsetText(byGps) };
  const offsets = offsetsAt(zone, local);
  if (byGps !== undefined) {
    if (offsets.includes(byGps)) return { offset: byGps, zone };
    note(notes.otherClock);
    return { offset: byGps, zone: offsetText(byGps) };
  }
  const [offset, second] = offsets;
  if (offset === undefined || second !== undefined) {
    note(offset === undefined ? notes.gap : notes.twice);
    return { zone: unknownZone };
  }
  if (gpsMs !== undefined && Math.abs(local.asUtcMs - offset * 60_000 - gpsMs) > noteworthyMs) note(notes.oldFix);
  return { offset, zone };
}

/** Returns the zone of the place; undefined without a place, and for a zone that this Node.js does not know. */
async function zoneOf(input: Input, content: ReadableContent): Promise<string | undefined> {
  const place = input.geo ?? (input.image ? (await locationOf(content)).location : undefined);
  if (!place) return undefined;
  const { default: zoneAt } = await import("@photostructure/tz-lookup");
  const zone = zoneAt(place.latitude, place.longitude);
  return isKnown(zone) ? zone : undefined;
}

function isKnown(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en-US", { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
