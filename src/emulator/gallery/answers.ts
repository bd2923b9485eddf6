/** Answers of the gallery: JSON, and refusals as a text. */

import type { ServerResponse } from "node:http";

/** Headers of everything but the page itself. */
export const dataHeaders = {
  "content-security-policy": "default-src 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

/** Sends JSON. A string is sent as it is, because it is JSON already. */
export function sendJson(response: ServerResponse, json: unknown): void {
  const text = typeof json === "string" ? json : JSON.stringify(json);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  response.writeHead(200, { ...headers, "cache-control": "no-store", ...dataHeaders }).end(text);
}

export function refuse(response: ServerResponse, code: number, text: string): void {
  const headers = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(text) };
  response.writeHead(code, { ...headers, "cache-control": "no-store", ...dataHeaders }).end(text);
}
