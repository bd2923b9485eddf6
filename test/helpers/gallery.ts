/** A client of the gallery that sends the requests of its page. */

import type { AppShape, ChangesShape, PageShape, SessionShape } from "../../src/emulator/gallery/shapes.js";
import type { Emulator } from "../../src/emulator/index.js";

export interface GalleryClient extends SessionShape {
  /** Requests data of the first app. */
  ask<T = PageShape>(what: string, parameters?: Record<string, string | number> | URLSearchParams): Promise<T>;
  /** Waits until all inputs are indexed, and returns the ids of those that match. */
  find(parameters?: Record<string, string | number> | URLSearchParams): Promise<string[]>;
  /** Requests a preview or a medium. */
  file(path: string, headers?: Record<string, string>): Promise<Response>;
}

export async function openGallery(emulator: Emulator, key = "any"): Promise<GalleryClient> {
  const headers = { authorization: `Key ${key}` };
  const opened = await fetch(`${emulator.url}/gallery/session`, { method: "POST", headers });
  const { session, access } = (await opened.json()) as SessionShape;
  const request = async <T>(what: string, parameters: URLSearchParams): Promise<T> => {
    const url = `${emulator.url}/gallery/${what}?${parameters}`;
    const response = await fetch(url, { headers: { "x-sluice-session": session } });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  };
  const app = async () => String((await request<AppShape[]>("apps", new URLSearchParams()))[0]?.key ?? 0);
  const ask: GalleryClient["ask"] = async (what, parameters = {}) => {
    const query = new URLSearchParams({ app: await app() });
    const entries = parameters instanceof URLSearchParams ? [...parameters] : Object.entries(parameters);
    if (entries.some(([name]) => name === "app")) query.delete("app");
    for (const [name, value] of entries) query.append(name, String(value));
    return request(what, query);
  };
  const find: GalleryClient["find"] = async (parameters) => {
    while ((await ask<ChangesShape>("changes")).indexing > 0) await new Promise((resolve) => setImmediate(resolve));
    return (await ask("inputs", parameters)).items.map((item) => item.id);
  };
  const file: GalleryClient["file"] = async (path, more = {}) =>
    fetch(`${emulator.url}/gallery/${path}?${new URLSearchParams({ app: await app(), access })}`, { headers: more });
  return { session, access, ask, find, file };
}

/** Sends a request that changes data, as the page does. Returns the status, and the answer as JSON or text. */
export async function post<T>(
  emulator: Emulator,
  { session, ask }: GalleryClient,
  resource: "selections" | "actions",
  body: unknown,
  parameters: Record<string, string> = {},
): Promise<{ status: number; json: T; text: string }> {
  const query = new URLSearchParams({ app: "1", ...parameters });
  await ask("changes");
  const response = await fetch(`${emulator.url}/gallery/${resource}?${query}`, {
    method: "POST",
    headers: { "x-sluice-session": session, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, json: (response.ok ? JSON.parse(text) : undefined) as T, text };
}
