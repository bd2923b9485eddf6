/** Retry-After: how long a server asks to wait. */

import type { IncomingHttpHeaders } from "node:http";

/** The wait in milliseconds that the header names, in seconds or as a date; undefined if the header is missing or says neither. */
export function retryAfterMs(headers: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  // By the server's own clock, where it tells the time: ours may be wrong.
  const told = Date.parse(String(headers.date ?? ""));
  return Math.max(0, at - (Number.isNaN(told) ? now : told));
}
