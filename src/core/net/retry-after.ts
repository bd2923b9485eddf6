/** Retry-After: the wait that a server asks for. */

import type { IncomingHttpHeaders } from "node:http";

/** Returns the wait of the header in milliseconds, which it names in seconds or as a date; undefined if the header is missing or invalid. */
export function retryAfterMs(headers: IncomingHttpHeaders, now = Date.now()): number | undefined {
  const text = headers["retry-after"]?.trim();
  if (text === undefined || text === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const at = /[a-z]/i.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) return undefined;
  // By the server's clock if the answer has its time: the clock of this machine may be wrong.
  const serverNow = Date.parse(String(headers.date ?? ""));
  return Math.max(0, at - (Number.isNaN(serverNow) ? now : serverNow));
}
