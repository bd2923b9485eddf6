/** Sidecars of Google Takeout: finds that of a file, and reads it. */

import { readdirSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { areOnEarth } from "../../core/input/coordinates.js";
import type { GeoPoint } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import { sidecarNames } from "./sidecar-names.js";

/** What a sidecar says. */
export interface Sidecar {
  title?: string | undefined;
  description?: string | undefined;
  /** UTC, as ISO 8601. */
  takenAt?: string | undefined;
  geo?: GeoPoint | undefined;
  people?: string[] | undefined;
  url?: string | undefined;
  favorited?: true | undefined;
  archived?: true | undefined;
  trashed?: true | undefined;
}

/** A sidecar; "ambiguous" if several fit, "broken" if it cannot be read. */
export type FoundSidecar = Sidecar | "ambiguous" | "broken" | undefined;

/** Sidecars have a few kilobytes. */
const maxBytes = 1_000_000;
/** Folders whose names are in memory. An export has one for each year and album, and files come folder by folder. */
const maxFolders = 8;

/** Finds the sidecars of files, and remembers the names in the last folders. */
export class Sidecars {
  readonly #folders = new Map<string, Map<string, string>>();

  /** Reads the sidecar beside a file; undefined if it has none. */
  async of(path: string, isVideo: boolean): Promise<FoundSidecar> {
    const folder = dirname(path);
    const known = this.#namesIn(folder);
    for (const names of sidecarNames(basename(path), isVideo)) {
      const found = names.flatMap((name) => known.get(name) ?? []);
      const [first] = found;
      if (first === undefined) continue;
      return found.length > 1 ? "ambiguous" : readSidecar(join(folder, first));
    }
    return undefined;
  }

  /** Returns the names of JSON files of a folder, by their names without `.json`. */
  #namesIn(folder: string): Map<string, string> {
    const known = this.#folders.get(folder);
    if (known) return known;
    const names = new Map<string, string>();
    for (const name of readdirSync(folder)) {
      if (/\.json$/i.test(name)) names.set(name.slice(0, -".json".length).normalize("NFC"), name);
    }
    const [oldest] = this.#folders.keys();
    if (this.#folders.size >= maxFolders && oldest !== undefined) this.#folders.delete(oldest);
    this.#folders.set(folder, names);
    return names;
  }
}

async function readSidecar(path: string): Promise<Sidecar | "broken"> {
  try {
    if ((await stat(path)).size > maxBytes) return "broken";
    const json: unknown = JSON.parse(await readFile(path, "utf8"));
    return isObject(json) ? sidecarOf(json) : "broken";
  } catch {
    return "broken";
  }
}

function sidecarOf(json: Record<string, unknown>): Sidecar {
  const people = Array.isArray(json.people) ? json.people.map((one) => textOf(isObject(one) ? one.name : one)) : [];
  const names = people.filter((name) => name !== undefined);
  return {
    title: textOf(json.title),
    description: textOf(json.description),
    takenAt: timeOf(json.photoTakenTime),
    geo: pointOf(json.geoData) ?? pointOf(json.geoDataExif),
    people: names.length > 0 ? names : undefined,
    url: textOf(json.url),
    favorited: flagOf(json.favorited),
    archived: flagOf(json.archived),
    trashed: flagOf(json.trashed),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

function flagOf(value: unknown): true | undefined {
  return value === true ? true : undefined;
}

/** Reads seconds since 1970. Zero stands for an unknown time. */
function timeOf(value: unknown): string | undefined {
  const seconds = Number(isObject(value) ? value.timestamp : undefined);
  const date = new Date(seconds * 1000);
  if (!Number.isSafeInteger(seconds) || seconds === 0 || Number.isNaN(date.getTime())) return undefined;
  return date.toISOString().replace(".000Z", "Z");
}

/** Reads a location. 0, 0 stands for none. */
function pointOf(value: unknown): GeoPoint | undefined {
  if (!isObject(value)) return undefined;
  const { latitude, longitude } = value;
  if (typeof latitude !== "number" || typeof longitude !== "number") return undefined;
  return (latitude === 0 && longitude === 0) || !areOnEarth(longitude, latitude) ? undefined : { longitude, latitude };
}
