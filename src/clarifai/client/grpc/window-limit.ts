/** Recognizes a connection whose speed is limited by the windows of HTTP/2, and not by the link. */

import { bytesText } from "../../../core/util/format/format.js";

/** How a body was sent. */
export interface Pace {
  bytes: number;
  ms: number;
  /** Bytes that the server let the client send ahead when the request began. */
  windowBytes: number;
  /** Time to the server and back, on an idle connection; undefined if it is not known. */
  roundTripMs: number | undefined;
}

/** A shorter body says little: many servers begin with small windows and enlarge them. */
const minWindows = 16;
/** With less, even the smallest window is no limit. */
const minRoundTripMs = 5;

/**
 * Returns why a body was slow if a window for each round trip explains its speed: the server did not enlarge its windows, and the link could carry more. Returns
 * undefined if it was faster, or slower for another reason.
 */
export function windowLimit({ bytes, ms, windowBytes, roundTripMs = 0 }: Pace): string | undefined {
  if (roundTripMs < minRoundTripMs || bytes < minWindows * windowBytes) return undefined;
  const share = bytes / ms / (windowBytes / roundTripMs);
  if (share < 0.4 || share > 1.3) return undefined;
  const ahead = `the server lets a connection send ${bytesText(windowBytes)} ahead`;
  return `${ahead}, which is ${bytesText((bytes / ms) * 1000)} a second with ${Math.round(roundTripMs)} ms there and back`;
}
