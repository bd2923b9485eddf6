/** Asking the store: every request carries the session, which only this origin keeps. */

import type { ItemShape, SessionShape } from "../shapes.js";

const storageKey = "sluice-session";
const silent = "The store does not answer.";
let current = stored();

/** The session is over, or was never there. */
export class NoSession extends Error {}

/** Nobody answers: the store has ended, or the network has. */
export class NoAnswer extends Error {
  constructor() {
    super(silent);
  }
}

export function hasSession(): boolean {
  return current !== undefined;
}

/** Opens a session by a link that is good once, or by a key; says why when it cannot. */
export async function openSession(by: { link: string } | { key: string }): Promise<string | undefined> {
  const request = "link" in by ? { body: JSON.stringify(by) } : { headers: { authorization: `Key ${by.key}` } };
  const response = await fetch("gallery/session", { method: "POST", ...request }).catch(() => undefined);
  if (!response) return silent;
  if (!response.ok) return response.text();
  current = (await response.json()) as SessionShape;
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage is off: the session lasts as long as the page.
  }
  return undefined;
}

/** @throws {NoSession} @throws {NoAnswer} */
export async function ask<T>(what: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const headers = { "x-sluice-session": current?.session ?? "" };
  const response = await fetch(`gallery/${what}?${parameters}`, { headers, ...(signal ? { signal } : {}) }).catch(
    () => {
      throw new NoAnswer();
    },
  );
  if (response.status === 401) {
    current = undefined;
    throw new NoSession();
  }
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** Address of a small picture, or of none. What is drawn on an image lies over its pixels as they are stored, also where EXIF turns them. */
export function pictureUrl(app: number, size: "tile" | "view", { sha256, regions }: ItemShape): string {
  return `gallery/pictures/${size}${regions.length > 0 ? "-as-stored" : ""}/${sha256}?${accessTo(app)}`;
}

/** Address of the original; elements load it by themselves, and so without a header. */
export function mediaUrl(app: number, sha256: string): string {
  return `gallery/media/${sha256}?${accessTo(app)}`;
}

function accessTo(app: number): URLSearchParams {
  return new URLSearchParams({ app: String(app), access: current?.access ?? "" });
}

function stored(): SessionShape | undefined {
  try {
    return (JSON.parse(localStorage.getItem(storageKey) ?? "null") as SessionShape | null) ?? undefined;
  } catch {
    return undefined;
  }
}
