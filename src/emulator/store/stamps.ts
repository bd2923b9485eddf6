/** Times and ids of new rows. */

import { randomUUID } from "node:crypto";

let lastMicroseconds = 0;
let lastMilliseconds = 0;
/** The time `lastMilliseconds` without the "Z" at its end. */
let lastText = "";

/** Returns the time in microseconds, as the API writes it. Each call returns a later time, so that times also give the order. */
export function timestamp(): string {
  lastMicroseconds = Math.max(lastMicroseconds + 1, Date.now() * 1000);
  const milliseconds = Math.floor(lastMicroseconds / 1000);
  if (milliseconds !== lastMilliseconds) {
    lastMilliseconds = milliseconds;
    lastText = new Date(milliseconds).toISOString().slice(0, -1);
  }
  return `${lastText}${String(lastMicroseconds % 1000).padStart(3, "0")}Z`;
}

/** Makes an id of 32 hexadecimal digits. */
export function newId(): string {
  return randomUUID().replaceAll("-", "");
}
