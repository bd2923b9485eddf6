/** What a detector says about a content. */

import type { Kind } from "../kinds.js";

export interface Found {
  /** Undefined for what is not an image, video, audio or text. */
  kind: Kind | undefined;
  mimeType: string;
  width?: number | undefined;
  height?: number | undefined;
  /** Why a content that begins like media cannot be used, as the end of a sentence: "it …". */
  broken?: string | undefined;
}

/** A container of sound and pictures, by the tracks that were found in it. */
export function byTracks(
  tracks: { video: boolean; audio: boolean },
  types: { video: string; audio: string },
  broken: string,
): Found {
  if (tracks.video) return { kind: "video", mimeType: types.video };
  if (tracks.audio) return { kind: "audio", mimeType: types.audio };
  return { kind: "video", mimeType: types.video, broken };
}
