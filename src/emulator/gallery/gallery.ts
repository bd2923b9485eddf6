/** The gallery: a page that shows what is in the store, and the data for it. Nothing but the page itself is given without a session. */

import type { IncomingMessage, ServerResponse } from "node:http";
import type { MediaFiles } from "../media/media-files.js";
import { serveOriginal } from "../media/media-route.js";
import { isObject } from "../server/incoming.js";
import { type Address, accessOf, baseOf, type Credentials, drain } from "../server/requests.js";
import type { AppRow, StoredKind } from "../store/model.js";
import type { Store } from "../store/store.js";
import { type Asset, assetOf } from "./assets.js";
import { facetsOf, valuesOf } from "./facets.js";
import { countFound, findPage, findPlaces } from "./find-inputs.js";
import { GalleryIndex } from "./gallery-index.js";
import { itemsOf, recordOf } from "./items.js";
import { appKeyOf, filtersOf, placeOf, wholeNumber } from "./parameters.js";
import type { Session, Sessions } from "./sessions.js";
import type { AppShape, ChangesShape, PageShape, SessionShape } from "./shapes.js";
import { renditions, Thumbnails } from "./thumbnails.js";

export interface GalleryOptions {
  store: Store;
  files: MediaFiles;
  credentials: Credentials;
  sessions: Sessions;
}

/** The page runs its own script and shows its own pictures, also those that it makes (`blob:`); nothing in it reaches another server or another page. */
const pageHeaders = {
  "content-security-policy": [
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self'; connect-src 'self'",
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  ].join("; "),
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cache-control": "no-cache",
};
const dataHeaders = {
  "content-security-policy": "default-src 'none'; sandbox",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
};
/** A link, or nothing: longer bodies have no business here. */
const maxBodyBytes = 1000;
/** How long an answer waits for what is not looked at yet, in milliseconds. */
const settleMs = 100;
const maxPlaces = 100_000;

export class Gallery {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #credentials: Credentials;
  readonly #sessions: Sessions;
  readonly #thumbnails = new Thumbnails();
  #index: GalleryIndex | undefined;

  constructor({ store, files, credentials, sessions }: GalleryOptions) {
    this.#store = store;
    this.#files = files;
    this.#credentials = credentials;
    this.#sessions = sessions;
  }

  close(): void {
    this.#index?.close();
  }

  /** Answers a request for `/` or for what is under `/gallery`. */
  async serve(request: IncomingMessage, response: ServerResponse, parts: readonly string[], { searchParams }: Address) {
    const [, what = "page.html", ...rest] = parts;
    if (what === "session" && request.method === "POST") return this.#openSession(request, response);
    drain(request);
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "only GET");
    const asset = rest.length === 0 ? assetOf(what) : "unknown";
    if (asset === "unbuilt") return refuse(response, 503, "the page of the gallery is not built: npm run build");
    if (asset !== "unknown") return sendAsset(request, response, asset);
    if (what === "pictures" || what === "media") {
      const session = this.#sessions.byAccess(searchParams.get("access"));
      if (!session) return refuse(response, 401, "no session");
      return this.#sendFile(request, response, what, rest, this.#appOf(session, searchParams));
    }
    const session = this.#sessions.byToken(request.headers["x-sluice-session"]);
    if (!session) return refuse(response, 401, "no session");
    if (rest.length > 0) return refuse(response, 404, "not found");
    if (what === "apps") return sendJson(response, this.#apps(session));
    const app = this.#appOf(session, searchParams);
    if (!app) return refuse(response, 404, "no such app");
    const json = await this.#data(request, what, app, searchParams);
    return json === undefined ? refuse(response, 404, "not found") : sendJson(response, json);
  }

  async #openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    // The connection stays open when this loop is left early: the refusal has to go through it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      text += chunk.toString("latin1");
      if (text.length <= maxBodyBytes) continue;
      drain(request);
      return refuse(response, 413, "too long");
    }
    const link = linkIn(text);
    let session = link === undefined ? undefined : this.#sessions.openByLink(link);
    if (link === undefined) {
      const access = accessOf(request, this.#credentials);
      if (access.kind === "right") session = this.#sessions.open(access.app);
    }
    if (!session)
      return refuse(response, 401, link === undefined ? "this is not the key" : "this link was used before");
    const { token, access } = session;
    sendJson(response, { session: token, access } satisfies SessionShape);
  }

  #apps({ app }: Session): AppShape[] {
    this.#index ??= new GalleryIndex(this.#store);
    // The one with the newest input first.
    const sql = `SELECT a.* FROM apps a ORDER BY (SELECT max(i.seq) FROM gallery_entries i WHERE i.app = a.seq) DESC, a.seq LIMIT 1000`;
    const rows = this.#store.all<AppRow>(sql);
    return rows
      .filter(({ user, id }) => !app || (app.userId === user && app.appId === id))
      .map(({ seq, user, id }) => ({ key: seq, user, id }));
  }

  #appOf({ app }: Session, parameters: URLSearchParams): AppRow | undefined {
    const row = this.#store.get<AppRow>("SELECT * FROM apps WHERE seq = ?", appKeyOf(parameters));
    return row && (!app || (app.userId === row.user && app.appId === row.id)) ? row : undefined;
  }

  async #data(request: IncomingMessage, what: string, app: AppRow, parameters: URLSearchParams): Promise<unknown> {
    const index = (this.#index ??= new GalleryIndex(this.#store));
    index.watch();
    if (what === "changes") return this.#changes(index, app);
    if (what === "facets") return facetsOf(this.#store, app);
    if (what === "values") return valuesOf(this.#store, app, parameters.get("key") ?? "");
    if (what === "record") {
      const context = { app, base: baseOf(request), names: this.#store.names(app.seq) };
      return recordOf(this.#store, this.#files, context, wholeNumber(parameters.get("seq")) ?? 0);
    }
    const filters = filtersOf(parameters, app.seq);
    await index.settled(settleMs);
    if (what === "places") {
      return `{"points":${findPlaces(this.#store, filters, maxPlaces)}}`;
    }
    if (what !== "inputs") return undefined;
    const place = placeOf(parameters, () => this.#newest(app));
    const seqs = findPage(this.#store, filters, place);
    const items = itemsOf(this.#store, this.#files, app, seqs);
    if (place.after !== undefined) return { items, top: place.top } satisfies PageShape; // who scrolls has the count
    const isLast = seqs.length < place.limit && (seqs.length > 0 || place.skip === 0);
    const total = isLast ? place.skip + seqs.length : countFound(this.#store, filters, place.top);
    return { items, top: place.top, total } satisfies PageShape;
  }

  #changes(index: GalleryIndex, app: AppRow): ChangesShape {
    return { version: index.version(), newest: this.#newest(app), indexing: index.left() };
  }

  #newest({ seq }: AppRow): number {
    const sql = "SELECT seq FROM gallery_entries NOT INDEXED WHERE app = ? ORDER BY seq DESC LIMIT 1";
    return this.#store.get<{ seq: number }>(sql, seq)?.seq ?? 0;
  }

  /** `pictures/{rendition}/{sha256}` are made here; `media/{sha256}` are the bytes that were stored. */
  async #sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    what: "pictures" | "media",
    parts: readonly string[],
    app: AppRow | undefined,
  ): Promise<void> {
    const sha256 = parts.at(-1) ?? "";
    const sql = "SELECT kind FROM inputs WHERE sha256 = ? AND app = ? AND status = 30000 LIMIT 1";
    const row = app && this.#store.get<{ kind: StoredKind }>(sql, sha256, app.seq);
    if (!row) return refuse(response, 404, "not found");
    const path = this.#files.pathOf(sha256);
    response.setHeader("cache-control", "private, max-age=31536000, immutable");
    if (what === "media") {
      if (parts.length !== 1) return refuse(response, 404, "not found");
      return serveOriginal(request, response, { path, sha256, kind: row.kind });
    }
    const [name = ""] = parts;
    const rendition = Object.hasOwn(renditions, name) ? renditions[name] : undefined;
    if (row.kind !== "image" || !rendition || parts.length !== 2) return refuse(response, 404, "not found");
    const bytes = await this.#thumbnails.get(path, sha256, rendition);
    if (!bytes) return refuse(response, 404, "no picture can be made of it");
    response.writeHead(200, { "content-type": "image/webp", "content-length": bytes.length, ...dataHeaders });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }
}

function linkIn(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    const body = JSON.parse(text) as unknown;
    return isObject(body) && typeof body.link === "string" ? body.link : "";
  } catch {
    return "";
  }
}

function sendAsset({ headers, method }: IncomingMessage, response: ServerResponse, { bytes, type, etag }: Asset): void {
  if (headers["if-none-match"] === etag) return void response.writeHead(304, { etag, ...pageHeaders }).end();
  response.writeHead(200, { "content-type": type, "content-length": bytes.length, etag, ...pageHeaders });
  response.end(method === "HEAD" ? undefined : bytes);
}

/** Texts are JSON already. */
function sendJson(response: ServerResponse, json: unknown): void {
  const text = typeof json === "string" ? json : JSON.stringify(json);
  const headers = { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
  response.writeHead(200, { ...headers, "cache-control": "no-store", ...dataHeaders }).end(text);
}

function refuse(response: ServerResponse, code: number, text: string): void {
  const headers = { "content-type": "text/plain; charset=utf-8", "content-length": Buffer.byteLength(text) };
  response.writeHead(code, { ...headers, "cache-control": "no-store", ...dataHeaders }).end(text);
}
