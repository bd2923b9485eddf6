/** Formats numbers, sizes and times for people, and makes texts from outside safe for a terminal. */

const whole = new Intl.NumberFormat("en");
const units = ["B", "kB", "MB", "GB", "TB"];

/** Formats a number: `12,345`. */
export function countText(count: number): string {
  return whole.format(Math.round(count));
}

/** Formats a number with its noun: `12,345 inputs`, `1 input`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : several}`;
}

/** Formats a size: `1.2 MB`. A MB is 1,000,000 bytes. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** Formats a duration: `12 ms`, `0.4 s`, `45 s`, `3 min 58 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${countText(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** Formats a rate: `1,204/s`, `3.2/s`. */
export function rateText(perSecond: number): string {
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : countText(perSecond)}/s`;
}

/** Makes a text safe for a terminal: escapes line breaks, control characters, and characters that change the direction of text. */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
