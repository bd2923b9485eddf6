/** The result of a detector. */

import type { Kind } from "../kinds.js";

export interface Found {
  /** Undefined if the content is not an image, video, audio or text. */
  kind: Kind | undefined;
  mimeType: string;
  width?: number | undefined;
  height?: number | undefined;
  /** Why content that begins like media cannot be used, as the end of a sentence: "it …". */
  broken?: string | undefined;
}

/** Makes the result for a container of video and audio, by the tracks in it. */
export function byTracks(
  tracks: { video: boolean; audio: boolean },
  types: { video: string; audio: string },
  broken: string,
): Found {
  if (tracks.video) return { kind: "video", mimeType: types.video };
  if (tracks.audio) return { kind: "audio", mimeType: types.audio };
  return { kind: "video", mimeType: types.video, broken };
}
