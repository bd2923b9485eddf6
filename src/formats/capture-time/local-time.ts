/** Local times: reads the date and time of a camera, and finds their offset from UTC. */

/** Date and time as a clock shows them, without a zone. */
export interface LocalTime {
  /** ISO 8601 without an offset: `2024-05-03T14:22:10.25`. */
  text: string;
  /** The same date and time in UTC, in milliseconds since 1970. */
  asUtcMs: number;
}

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** The offsets that zones have today. */
const offsetLimits = { least: -12 * 60, most: 14 * 60 };

/** Parses `2024:05:03 14:22:10` and ISO 8601, with or without fractions. Returns undefined for no time (blanks, zeros), "invalid" for a date that does not exist. */
export function parseLocal(text: string, fraction = ""): LocalTime | "invalid" | undefined {
  if (/^[\s0:./T-]*$/.test(text)) return undefined;
  const match = /^(\d{4})[:/.-](\d\d)[:/.-](\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?/.exec(text);
  if (!match) return "invalid";
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const written = `${match[1]}-${match[2]}-${match[3]}T${match[4]}:${match[5]}:${match[6]}`;
  if (year < 1000 || date.toISOString().slice(0, 19) !== written) return "invalid";
  const digits = (match[7] ?? fraction).replace(/\D/g, "").replace(/0+$/, "");
  const ms = digits === "" ? 0 : Math.floor(Number(`0.${digits}`) * 1000);
  return { text: digits === "" ? written : `${written}.${digits}`, asUtcMs: date.getTime() + ms };
}

/** Parses `+02:00`, `-0530` and `Z` to minutes; undefined for another text, and for an offset that no zone has. */
export function parseOffset(text: string | undefined): number | undefined {
  if (text === "Z") return 0;
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(text?.trim() ?? "");
  if (!match) return undefined;
  const minutes = (Number(match[2]) * 60 + Number(match[3])) * (match[1] === "-" ? -1 : 1);
  return Number(match[3]) < 60 && isOffset(minutes) ? minutes : undefined;
}

function isOffset(minutes: number): boolean {
  return minutes >= offsetLimits.least && minutes <= offsetLimits.most;
}

/** Formats minutes as `+02:00`. */
export function offsetText(minutes: number): string {
  const size = Math.abs(minutes);
  const two = (value: number) => `${value}`.padStart(2, "0");
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

/**
 * Returns the offsets, in minutes, that a zone has when its clocks show this time: one as a rule, two if the clocks were set back over it, none if they were
 * set forward over it.
 *
 * @throws {RangeError} if Node.js does not know the zone
 */
export function offsetsAt(zone: string, { asUtcMs }: LocalTime): number[] {
  const candidates = new Set([offsetOf(zone, asUtcMs - dayMs), offsetOf(zone, asUtcMs + dayMs)]);
  return [...candidates].filter((offset) => offsetOf(zone, asUtcMs - offset * minuteMs) === offset);
}

/**
 * Returns the offset of a camera's clock from UTC, in minutes: the difference between the clock and the time of GPS. Every offset is a multiple of 15 minutes. If the
 * difference is not, the clock is wrong or the GPS time is old, and the function returns undefined.
 */
export function offsetByGps({ asUtcMs }: LocalTime, gpsMs: number): number | undefined {
  const minutes = (asUtcMs - gpsMs) / minuteMs;
  const nearest = Math.round(minutes / 15) * 15 || 0;
  return Math.abs(minutes - nearest) <= 2 && isOffset(nearest) ? nearest : undefined;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function offsetOf(zone: string, utcMs: number): number {
  let formatter = formatters.get(zone);
  if (!formatter) {
    const two = "2-digit" as const;
    const fields = { year: "numeric", month: two, day: two, hour: two, minute: two, second: two } as const;
    formatter = new Intl.DateTimeFormat("en-US", { timeZone: zone, hourCycle: "h23", ...fields });
    formatters.set(zone, formatter);
  }
  const parts = Object.fromEntries(formatter.formatToParts(utcMs).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
  const local = Date.UTC(year, month - 1, day, hour, minute, second);
  return Math.round((local - Math.floor(utcMs / 1000) * 1000) / minuteMs);
}
