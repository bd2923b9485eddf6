/** Numbers, sizes and times as people read them, and texts from outside as a terminal can bear them. */

const whole = new Intl.NumberFormat("en");
const units = ["B", "kB", "MB", "GB", "TB"];

/** `12,345`. */
export function countText(count: number): string {
  return whole.format(Math.round(count));
}

/** `12,345 inputs`, `1 input`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${countText(count)} ${count === 1 ? one : several}`;
}

/** `1.2 MB`; a MB is 1,000,000 bytes. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  for (; value >= 999.5 && unit < units.length - 1; unit += 1) value /= 1000;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `12 ms`, `0.4 s`, `45 s`, `3 min 58 s`, `2 h 5 min`. */
export function durationText(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return `${countText(Math.floor(minutes / 60))} h ${minutes % 60} min`;
}

/** A rate: `1,204/s`, `3.2/s`. */
export function rateText(perSecond: number): string {
  return `${perSecond < 9.95 ? perSecond.toFixed(1) : countText(perSecond)}/s`;
}

/** One line of text: file names and answers may hold line breaks, and characters that make a terminal do things. */
export function printable(line: string): string {
  return line.replace(/[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu, (character) =>
    character === "\n" ? "\\n" : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
