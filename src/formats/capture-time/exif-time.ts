/** EXIF times: reads when a picture was taken, and the time of GPS. */

import type { ByteRange } from "../exif/byte-range.js";
import { TiffReader } from "../exif/tiff-reader.js";
import type { FoundTime } from "./found-time.js";
import { parseLocal, parseOffset } from "./local-time.js";

const pointers = { exif: 0x8769, gps: 0x8825 };
/** The tags of a time: itself, its offset and its fraction of a second. The time of digitizing stands in for that of the exposure, as in a scan. */
const times = [
  { time: 0x9003, offset: 0x9011, fraction: 0x9291 },
  { time: 0x9004, offset: 0x9012, fraction: 0x9292 },
];
const gpsTags = { time: 7, date: 29 };

/** Reads the capture time of an EXIF block. @throws {Error} if the block is damaged */
export function exifTime(block: ByteRange): FoundTime {
  const reader = TiffReader.open(block);
  const first = reader.directory(reader.first);
  const exif = directoryAt(reader, first.get(pointers.exif));
  const text = (tag: number) => {
    const entry = exif.get(tag);
    return entry === undefined ? "" : reader.text(reader.value(entry));
  };
  const found: FoundTime = {};
  for (const tags of times) {
    const written = text(tags.time);
    const local = parseLocal(written, text(tags.fraction));
    if (local === "invalid") found.invalid ??= written;
    else if (local) {
      const gpsMs = gpsTime(reader, first.get(pointers.gps));
      return { time: { local, offset: parseOffset(text(tags.offset)), gpsMs } };
    }
  }
  if (reader.isCut) found.isBroken = true;
  return found;
}

function directoryAt(reader: TiffReader, entry: number | undefined): Map<number, number> {
  const [at = 0] = entry === undefined ? [] : reader.numbers(reader.value(entry));
  return at > 0 ? reader.directory(at) : new Map();
}

/** Reads date and time of GPS. Returns undefined without both, and for damaged ones: they only check the other time. */
function gpsTime(reader: TiffReader, entry: number | undefined): number | undefined {
  try {
    const gps = directoryAt(reader, entry);
    const [date, time] = [gps.get(gpsTags.date), gps.get(gpsTags.time)];
    if (date === undefined || time === undefined) return undefined;
    const [hours = Number.NaN, minutes = Number.NaN, seconds = Number.NaN] = reader.numbers(reader.value(time));
    const day = parseLocal(`${reader.text(reader.value(date))} 00:00:00`);
    if (day === undefined || day === "invalid" || !(hours < 24 && minutes < 60 && seconds < 61)) return undefined;
    return day.asUtcMs + ((hours * 60 + minutes) * 60 + seconds) * 1000;
  } catch {
    return undefined;
  }
}
