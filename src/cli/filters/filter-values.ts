/** Parsers for the values of filters: times, sizes, entries of metadata, states. */

import { readFileSync } from "node:fs";
import { InvalidArgumentError } from "commander";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { describeError, OptionsError } from "../../core/errors.js";
import { Area } from "../../core/input/filter/filters.js";
import { notEmpty, parsedValue } from "../common/parsing.js";

const dayMs = 86_400_000;
const agesMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: dayMs, w: 7 * dayMs, y: 365 * dayMs };
const date = /^(\d{4})-(\d{2})-(\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Parses a date (`2026-01-31`, in UTC, or with a time) or an age (`30d`, `12h`), and returns the time. */
export function moment(text: string): Date {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([mhdwy])$/.exec(text) ?? [];
  const ageMs = agesMs[unit];
  if (count !== undefined && ageMs !== undefined) return new Date(Date.now() - Number(count) * ageMs);
  const [, year, month, day] = date.exec(text) ?? [];
  const hasZone = /(?:Z|[+-]\d{2}:?\d{2})$/.test(text) || text.length <= 10;
  const time = new Date(hasZone ? text.replace(" ", "T") : `${text.replace(" ", "T")}Z`);
  const exists = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day);
  if (year !== undefined && exists && Number(month) <= 12 && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError("It must be a date such as 2026-01-31 (UTC), or an age such as 30d, 12h or 2w.");
}

const unitsBytes: Record<string, number> = { "": 1, k: 1e3, m: 1e6, g: 1e9, ki: 1024, mi: 1024 ** 2, gi: 1024 ** 3 };

/** Parses a size: `1500`, `20MB`, `1.5k`, `4MiB`. A MB is 1,000,000 bytes, a MiB 1,048,576. */
export function byteCount(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)\s*((?:[kmg]i?)?)b?$/i.exec(text) ?? [];
  const factor = unitsBytes[unit.toLowerCase()];
  if (count !== undefined && factor !== undefined) return Math.round(Number(count) * factor);
  throw new InvalidArgumentError("It must be a size such as 500k, 20MB or 4MiB.");
}

/** Parses a repeated `key=value` for a filter. The library reads the value as JSON, and also compares it as text. */
export function metadataFilter(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined) throw new InvalidArgumentError("It must be key=value.");
  if (value === "") throw new InvalidArgumentError("Its value is empty; write key='\"\"' for an empty text.");
  parsedValue(value); // refuses numbers that would change
  if (Object.hasOwn(before, key) && before[key] !== value) {
    throw new InvalidArgumentError(`It names two values of ${key}, which no input can have.`);
  }
  return { ...before, [key]: value };
}

/** Parses a point and a distance: `4.48,51.92,10` is 10 km around longitude 4.48, latitude 51.92. */
export function circle(text: string): Area {
  const [longitude, latitude, withinKm] = numbersOf(text, 3) ?? [];
  const area = { longitude, latitude, withinKm };
  if (Area.safeParse(area).success) return area as Area;
  throw new InvalidArgumentError("It must be longitude,latitude,kilometres, such as 4.48,51.92,10.");
}

/** Parses the borders of a box: `4.3,51.8,4.6,52` is west, south, east, north. */
export function box(text: string): Area {
  const [west, south, east, north] = numbersOf(text, 4) ?? [];
  const area = { west, south, east, north };
  if (Area.safeParse(area).success) return area as Area;
  throw new InvalidArgumentError("It must be west,south,east,north in degrees, such as 4.3,51.8,4.6,52.");
}

function numbersOf(text: string, count: number): number[] | undefined {
  const parts = text.split(",").map((part) => part.trim());
  const areNumbers = parts.length === count && parts.every((part) => /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(part));
  return areNumbers ? parts.map(Number) : undefined;
}

const states: Record<string, number> = {
  processed: statusCodes.INPUT_SUCCESS,
  pending: statusCodes.INPUT_PENDING,
  failed: statusCodes.INPUT_FAILED,
  processing: statusCodes.INPUT_IN_PROGRESS,
};

/** Parses a status code, or the word for one. */
export function statusCode(text: string): number {
  const code = Object.hasOwn(states, text) ? states[text] : undefined;
  if (code !== undefined) return code;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError(`It must be ${Object.keys(states).join(", ")}, or a status code such as 30000.`);
}

/** Returns the word for a status code; the code if it has none. */
export function statusWord(code: number): string {
  return Object.keys(states).find((word) => states[word] === code) ?? String(code);
}

/** Parses an id. If an unquoted shell variable is empty, Commander reads the next option as the id, so this refuses it. */
export function idText(text: string): string {
  if (!text.startsWith("--")) return notEmpty(text);
  throw new InvalidArgumentError("It is an option, not an id; is a shell variable empty?");
}

/** Returns a parser of ids that may be repeated. */
export function idTexts(text: string, before: readonly string[] = []): string[] {
  return [...before, idText(text)];
}

/**
 * Reads the ids of a file, one a line; `-` is stdin. A line may also be an input in JSON, as `sluice list --json` prints it.
 *
 * @throws {OptionsError} ERR_OPTIONS if the file cannot be read or has no ids
 */
export async function idsOfFile(path: string): Promise<string[]> {
  let text: string;
  try {
    text = path === "-" ? await stdinText() : readFileSync(path, "utf8");
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `--ids: ${path} cannot be read: ${describeError(error)}`);
  }
  const lines = text.replace(/^\uFEFF/, "").split(/\r?\n/);
  const ids = lines.flatMap((line, index) =>
    line.trim() === "" ? [] : [idOfLine(line.trim(), `${path}:${index + 1}`)],
  );
  if (ids.length > 0) return [...new Set(ids)];
  const hint = "it selects nothing, so nothing was done";
  throw new OptionsError("ERR_OPTIONS", `--ids: ${path === "-" ? "stdin" : path} has no ids; ${hint}`);
}

let stdin: Promise<string> | undefined;

/** Returns the text of stdin, which can be read only once. */
function stdinText(): Promise<string> {
  stdin ??= readStdin();
  return stdin;
}

async function readStdin(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function idOfLine(line: string, place: string): string {
  if (!line.startsWith("{")) return line;
  let id: unknown;
  try {
    ({ id } = JSON.parse(line) as { id?: unknown });
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `--ids: ${place} is not JSON: ${describeError(error)}`);
  }
  if (typeof id === "string" && id !== "") return id;
  throw new OptionsError("ERR_OPTIONS", `--ids: ${place} has no id`);
}
