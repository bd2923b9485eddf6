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

/** A time, or why there is none. */
export interface FoundTime {
  time?: CaptureTime;
  /** A date that does not exist. */
  invalid?: string;
  /** Whether the metadata cannot be read. */
  isBroken?: boolean;
}
