/** Detects Ogg by the first page of each stream in it. */

import { byTracks, type Found } from "../found.js";
import type { Reader } from "../reader.js";

/** Maximum number of streams that are read. All streams begin before the first page of content. */
const maxStreams = 32;
const video = /^(?:\x80theora|\x01video|BBCD|OVP80|YUV4MPEG)/;
const audio = /^(?:\x01vorbis|OpusHead|Speex|\x7fFLAC|fLaC|PCM {5}|CELT|\x01audio|\x00{3}\x01midi|OPUS)/;

/** Describes an Ogg file; undefined for other content. */
export function readOgg(reader: Reader): Found | undefined {
  if (reader.head.toString("latin1", 0, 4) !== "OggS") return undefined;
  const tracks = { video: false, audio: false };
  for (let at = 0, count = 0; count < maxStreams; count += 1) {
    const page = reader.read(at, 27 + 255 + 16);
    const isFirst = page.length >= 28 && page.toString("latin1", 0, 4) === "OggS" && ((page[5] as number) & 2) !== 0;
    if (!isFirst) break;
    const segments = page[26] as number;
    const start = 27 + segments;
    const codec = page.toString("latin1", start, start + 16);
    if (video.test(codec)) tracks.video = true;
    if (audio.test(codec)) tracks.audio = true;
    at += start + page.subarray(27, start).reduce((sum, length) => sum + length, 0);
  }
  return byTracks(
    tracks,
    { video: "video/ogg", audio: "audio/ogg" },
    "it begins like an Ogg file, but has no stream of video or audio: it is truncated or damaged",
  );
}
