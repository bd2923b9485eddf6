/** Asking the store: every request carries the session, which only this origin keeps. */

import type { SessionShape } from "../shapes.js";

const storageKey = "sluice-session";
let current = stored();

/** The session is over, or was never there. */
export class NoSession extends Error {}

export function hasSession(): boolean {
  return current !== undefined;
}

/** Opens a session by a link that is good once, or by a key; says why when it cannot. */
export async function openSession(by: { link: string } | { key: string }): Promise<string | undefined> {
  const request = "link" in by ? { body: JSON.stringify(by) } : { headers: { authorization: `Key ${by.key}` } };
  const response = await fetch("gallery/session", { method: "POST", ...request });
  if (!response.ok) return response.text();
  current = (await response.json()) as SessionShape;
  try {
    localStorage.setItem(storageKey, JSON.stringify(current));
  } catch {
    // Storage is off: the session lasts as long as the page.
  }
  return undefined;
}

/** @throws {NoSession} */
export async function ask<T>(what: string, parameters: URLSearchParams, signal?: AbortSignal): Promise<T> {
  const headers = { "x-sluice-session": current?.session ?? "" };
  const response = await fetch(`gallery/${what}?${parameters}`, { headers, ...(signal ? { signal } : {}) });
  if (response.status === 401) {
    current = undefined;
    throw new NoSession();
  }
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as T;
}

/** Addresses that elements load by themselves, and so without a header. */
export function pictureUrl(app: number, size: "tile" | "view", sha256: string): string {
  return `gallery/pictures/${size}/${sha256}?${accessTo(app)}`;
}

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
