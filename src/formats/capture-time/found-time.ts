/** What the readers of capture times find. */

import type { LocalTime } from "./local-time.js";

/** When a picture or video was taken, as its file says. */
export interface CaptureTime {
  local: LocalTime;
  /** Minutes from UTC, if the file names them. */
  offset?: number | undefined;
  /** UTC as GPS measured it, in milliseconds since 1970. */
  gpsMs?: number | undefined;
}

/** The capture time of a file, or the reason why the file gives no valid time. */
export interface FoundTime {
  time?: CaptureTime;
  /** A date that does not exist. */
  invalid?: string;
  /** Whether the metadata cannot be read. */
  isBroken?: boolean;
}
