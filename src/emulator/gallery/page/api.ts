/** Requests to the emulator. Each carries the session, which is in the storage of this origin. */

import type { ItemShape, SessionShape } from "../shapes.js";

const storageKey = "sluice-session";
const noAnswer = "The emulator does not answer.";
let current = readSession();

/** The session is missing or over. */
export class NoSession extends Error {}

/** The emulator does not answer: it is closed, or the connection is lost. */
export class NoAnswer extends Error {
  constructor() {
    super(noAnswer);
  }
}

/** Whether a session is open. It may be over on the server. */
export function hasSession(): boolean {
  return current !== undefined;
}

/** Opens a session by a link, which works once, or by a key. Returns the reason if it fails. */
export async function openSession(by: { link: string } | { key: string }): Promise<string | undefined> {
  const request = "link" in by ? { body: JSON.stringify(by) } : { headers: { authorization: `Key ${by.key}` } };
  const response = await fetch("gallery/session", { method: "POST", ...request }).catch(() => undefined);
  if (!response) return noAnswer;
  if (!response.ok) return response.text();
  current = (await response.json()) as SessionShape;
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage is disabled, so the session ends with the page.
  }
  return undefined;
}

/** Requests a resource of the gallery. @throws {NoSession} @throws {NoAnswer} */
export async function getJson<T>(resource: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const response = await get(resource, parameters, signal);
  return (await response.json()) as T;
}

/** An archive, and how many inputs it has and lacks. */
export interface ExportFile {
  blob: Blob;
  name: string;
  exported: number;
  left: number;
  /** The file in the archive that lists what the format could not express; empty for none. */
  losses: string;
}

/** Requests the archive of the inputs that match the filters, or of a selection. @throws {NoSession} @throws {NoAnswer} */
export async function getExport(
  { parameters: filters, selection }: { parameters: string; selection?: string | undefined },
  format: string,
  signal: AbortSignal,
): Promise<ExportFile> {
  const parameters = new URLSearchParams(filters);
  parameters.set("format", format);
  if (selection !== undefined) parameters.set("selection", selection);
  const response = await get("export", parameters, signal);
  const { headers } = response;
  const encoded = /filename\*=UTF-8''(\S+)/.exec(headers.get("content-disposition") ?? "")?.[1];
  const blob = await response.blob().catch(() => {
    throw new NoAnswer();
  });
  return {
    blob,
    name: decodeURIComponent(encoded ?? "export.zip"),
    exported: Number(headers.get("x-sluice-exported")),
    left: Number(headers.get("x-sluice-not-exported")),
    losses: headers.get("x-sluice-losses") ?? "",
  };
}

/** Sends a request that changes data. @throws {NoSession} @throws {NoAnswer} */
export async function postJson<T>(resource: string, parameters: URLSearchParams, body: object): Promise<T> {
  const headers = { "content-type": "application/json" };
  const response = await get(resource, parameters, undefined, { method: "POST", headers, body: JSON.stringify(body) });
  return (await response.json()) as T;
}

async function get(
  resource: string,
  parameters: URLSearchParams,
  signal?: AbortSignal,
  { headers: more = {}, ...request }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Response> {
  const headers = { ...more, "x-sluice-session": current?.session ?? "" };
  const options = { ...request, headers, ...(signal ? { signal } : {}) };
  const response = await fetch(`gallery/${resource}?${parameters}`, options).catch(() => {
    throw new NoAnswer();
  });
  if (response.status === 401) {
    current = undefined;
    throw new NoSession();
  }
  if (!response.ok) throw new Error(await response.text());
  return response;
}

/** Returns the address of a small picture. Regions refer to the stored pixels, so the picture of an image with regions is not rotated by EXIF. */
export function pictureUrl(app: number, size: "tile" | "view" | "zoom", { sha256, regions }: ItemShape): string {
  return `gallery/pictures/${size}${regions.length > 0 ? "-as-stored" : ""}/${sha256}?${accessTo(app)}`;
}

/** Returns the address of the original. It contains the access value, because elements load it without headers. */
export function mediaUrl(app: number, sha256: string): string {
  return `gallery/media/${sha256}?${accessTo(app)}`;
}

function accessTo(app: number): URLSearchParams {
  return new URLSearchParams({ app: String(app), access: current?.access ?? "" });
}

function readSession(): SessionShape | undefined {
  try {
    return (JSON.parse(localStorage.getItem(storageKey) ?? "null") as SessionShape | null) ?? undefined;
  } catch {
    return undefined;
  }
}
