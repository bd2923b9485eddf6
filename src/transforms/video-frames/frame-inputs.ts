/** Makes the inputs of frames: their ids, metadata and annotations. */

import { idFromPath, maxIdLength } from "../../core/input/ids.js";
import type { Annotation, Input } from "../../core/input/input.js";
import type { ChangedInput } from "../../core/plugin/transform.js";
import type { VideoFrame } from "./extract-frames.js";

const unplacedNote = "videoFrames: an annotation was lost, since its time is not that of an extracted frame";
const unsplitNote =
  "videoFrames: an annotation was lost, since it covers a part of the video in a form that frames do not have (a time segment, a track, a frame by number)";
const replacedNote = "videoFrames: metadata of the video with the name video, timeMs or frame were replaced";

/** Makes an input of each frame. */
export function frameInputs(input: Input, frames: readonly VideoFrame[], note: (text: string) => void): ChangedInput[] {
  const { id, concepts, metadata, geo, datasets } = input;
  if (["video", "timeMs", "frame"].some((key) => key in metadata)) note(replacedNote);
  const placed = placedAnnotations(input.annotations, frames, note);
  const used = new Set<number>();
  return frames.map(({ content, seconds }, index) => {
    const timeMs = Math.round(seconds * 1000);
    const suffix = used.has(timeMs) ? `${timeMs}-${index}` : `${timeMs}`; // more than 1,000 frames a second
    used.add(timeMs);
    return {
      id: idOfFrame(id, suffix),
      image: content,
      concepts,
      metadata: { ...metadata, video: id, timeMs, frame: index },
      ...(geo && { geo }),
      annotations: placed[index],
      datasets,
    };
  });
}

/** Returns `<id>-frame-<ms>`, or a shortened form with a hash. */
function idOfFrame(id: string, suffix: string): string {
  const whole = `${id}-frame-${suffix}`;
  return whole.length <= maxIdLength ? whole : idFromPath(whole);
}

/** Returns the annotations of each frame. Those of the whole video go to every frame. */
function placedAnnotations(
  annotations: readonly Annotation[],
  frames: readonly VideoFrame[],
  note: (text: string) => void,
): Annotation[][] {
  const placed: Annotation[][] = frames.map(() => []);
  for (const annotation of annotations) {
    const { frame, timeSegment, data, ...rest } = annotation;
    const isOfVideo = data && ["frames", "tracks", "time_segments"].some((key) => data[key] !== undefined);
    if (timeSegment || isOfVideo || (frame && frame.timeMs === undefined)) {
      note(unsplitNote);
      continue;
    }
    const kept = { ...rest, ...(data && { data }) };
    if (!frame) {
      const { id: _, ...copy } = kept; // an id is unique
      for (const list of placed) list.push(frames.length === 1 ? kept : copy);
      continue;
    }
    const index = frames.findIndex(({ seconds }) => isTimeOf(seconds, frame.timeMs as number));
    if (index === -1) note(unplacedNote);
    else placed[index]?.push(kept);
  }
  return placed;
}

/** Whether whole milliseconds are the time of a frame, rounded in any direction. */
function isTimeOf(seconds: number, timeMs: number): boolean {
  return Math.abs(seconds * 1000 - timeMs) < 1;
}
