/** Times of subtitles: `00:01:02,345` and milliseconds. */

import { type Input, InputError } from "sluice";

/** The times of a cue, as in the metadata of its input. */
export interface Times {
  startMs: number;
  endMs: number;
}

/** Reads `00:01:02,345 --> 00:01:04,000`. @throws {InputError} ERR_SUBTITLE_TIME */
export function parseTimes(line: string): Times {
  const found = /^(\d+):(\d\d):(\d\d)[,.](\d{3}) *--> *(\d+):(\d\d):(\d\d)[,.](\d{3})/.exec(line);
  if (!found)
    throw new InputError("ERR_SUBTITLE_TIME", `"${line}" is not a pair of times (00:00:01,000 --> 00:00:02,500)`);
  const [, ...parts] = found;
  const [startMs, endMs] = [parts.slice(0, 4), parts.slice(4)].map(milliseconds) as [number, number];
  if (endMs < startMs) throw new InputError("ERR_SUBTITLE_TIME", `"${line}" ends before it begins`);
  return { startMs, endMs };
}

export function timesText({ startMs, endMs }: Times): string {
  return `${timeText(startMs)} --> ${timeText(endMs)}`;
}

/** The times of an input. @throws {InputError} ERR_SUBTITLE_TIME when it has none */
export function timesOf({ metadata }: Input): Times {
  const { startMs, endMs } = metadata;
  if (typeof startMs === "number" && typeof endMs === "number") return { startMs, endMs };
  throw new InputError("ERR_SUBTITLE_TIME", "the metadata have no numbers startMs and endMs");
}

function milliseconds(parts: readonly string[]): number {
  const [hours = 0, minutes = 0, seconds = 0, thousandths = 0] = parts.map(Number);
  return ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths;
}

function timeText(ms: number): string {
  const pad = (value: number, length = 2) => String(Math.floor(value)).padStart(length, "0");
  return `${pad(ms / 3_600_000)}:${pad((ms / 60_000) % 60)}:${pad((ms / 1000) % 60)},${pad(ms % 1000, 3)}`;
}
