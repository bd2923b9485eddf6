/** The gallery: serves a page that shows the inputs in the store, and its data. Without a session, it serves only the page itself. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import type { Kind } from "../../core/input/kinds.js";
import { isObject } from "../../core/util/json/json-values.js";
import { Semaphore } from "../../core/util/semaphore.js";
import type { MediaFiles } from "../media/media-files.js";
import { serveOriginal } from "../media/media-route.js";
import type { Services } from "../routes/context.js";
import { drain } from "../server/body.js";
import { type Address, accessOf, baseOf, type Credentials } from "../server/requests.js";
import { diskFullText, isDiskFull, storageFull } from "../store/disk-full.js";
import type { AppRow } from "../store/model.js";
import type { Store } from "../store/store.js";
import { ActionRefusal, GalleryActions } from "./actions/gallery-actions.js";
import { checkOwnPage, needsIndex, readJson } from "./actions/read-request.js";
import { dataHeaders, refuse, sendJson } from "./answers.js";
import { assetOf, sendAsset } from "./assets.js";
import { ExportRefusal, exportFormatOf, GalleryExports } from "./export/exports.js";
import { foundPages, selectedPages } from "./export/pages.js";
import { facetsOf, valuesOf } from "./facets.js";
import { countsOf } from "./find/counts.js";
import { findLocations, findPage } from "./find-inputs.js";
import { GalleryIndex } from "./gallery-index.js";
import { recordOf } from "./items.js";
import { newestOf, pageOf, seqOf, seqsOf } from "./listing.js";
import { appKeyOf, filtersOf, positionOf, wholeNumber } from "./parameters.js";
import type { Session, Sessions } from "./sessions.js";
import type { AppShape, ChangesShape, CountsShape, SessionShape } from "./shapes.js";
import { SimilarImages } from "./similar/similar-images.js";
import { pictureRenditions, Thumbnails } from "./thumbnails.js";

export interface GalleryOptions {
  services: Services;
  credentials: Credentials;
  sessions: Sessions;
  /** The data folder of the store. */
  folder: string;
  /** Whether the page may change no data. */
  isReadOnly: boolean;
}

/** The body is a link or empty, so a longer body is refused. */
const maxBodyBytes = 1000;
/** An answer waits this time for inputs that are not indexed yet, in milliseconds. */
const settleMs = 100;
const maxLocations = 100_000;
/** An export waits this time for inputs that are not indexed yet, in milliseconds. */
const exportSettleMs = 10_000;
const notFound = "not found";
const wrongKey = "The key is wrong.";
const usedLink = "This link was used before, or the emulator was restarted. Each link works once.";
const noSession = "the session is missing or over";

export class Gallery {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #credentials: Credentials;
  readonly #sessions: Sessions;
  readonly #thumbnails = new Thumbnails();
  readonly #exports: GalleryExports;
  readonly #actions: GalleryActions;
  readonly #counting = new Semaphore(1);
  #index: GalleryIndex | undefined;
  #similar: SimilarImages | undefined;

  constructor({ services, credentials, sessions, folder, isReadOnly }: GalleryOptions) {
    this.#store = services.store;
    this.#files = services.files;
    this.#actions = new GalleryActions(services, isReadOnly);
    this.#credentials = credentials;
    this.#sessions = sessions;
    this.#exports = new GalleryExports(folder);
  }

  async close(): Promise<void> {
    this.#actions.close();
    await this.#similar?.close();
    await this.#exports.close();
    this.#index?.close();
  }

  /** Answers a request for `/` or for a path under `/gallery`. */
  async serve(request: IncomingMessage, response: ServerResponse, path: readonly string[], { searchParams }: Address) {
    const [, resource = "page.html", ...rest] = path;
    if (resource === "session" && request.method === "POST") return this.#openSession(request, response);
    if (request.method === "POST" && rest.length === 0 && (resource === "selections" || resource === "actions")) {
      return this.#change(request, response, resource, searchParams);
    }
    drain(request);
    if (request.method !== "GET" && request.method !== "HEAD") return refuse(response, 405, "only GET and HEAD");
    const asset = rest.length === 0 ? assetOf(resource) : "unknown";
    if (asset === "unbuilt") {
      return refuse(response, 503, "the page of the gallery is not built; run: npm run build");
    }
    if (asset !== "unknown") return sendAsset(request, response, asset);
    if (resource === "pictures" || resource === "media") {
      const session = this.#sessions.byAccess(searchParams.get("access"));
      if (!session) return refuse(response, 401, noSession);
      return this.#sendFile(request, response, resource, rest, this.#appOf(session, searchParams));
    }
    const session = this.#sessions.byToken(request.headers["x-sluice-session"]);
    if (!session) return refuse(response, 401, noSession);
    if (rest.length > 0) return refuse(response, 404, notFound);
    if (resource === "apps") return sendJson(response, this.#apps(session));
    const app = this.#appOf(session, searchParams);
    if (!app) return refuse(response, 404, "the app does not exist");
    if (resource === "export") return this.#export(request, response, app, searchParams);
    const json = await this.#data(request, resource, app, searchParams);
    return json === undefined ? refuse(response, 404, notFound) : sendJson(response, json);
  }

  async #openSession(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    // If the loop ends early, the connection must stay open: the refusal is sent through it.
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      text += chunk.toString("latin1");
      if (text.length <= maxBodyBytes) continue;
      drain(request);
      return refuse(response, 413, `the body has more than ${maxBodyBytes} bytes`);
    }
    const link = linkIn(text);
    let session = link === undefined ? undefined : this.#sessions.openByLink(link);
    if (link === undefined) {
      const access = accessOf(request, this.#credentials);
      if (access.key === "valid") session = this.#sessions.open(access.app);
    }
    if (!session) return refuse(response, 401, link === undefined ? wrongKey : usedLink);
    const { token, access } = session;
    sendJson(response, { session: token, access } satisfies SessionShape);
  }

  #apps({ app }: Session): AppShape[] {
    this.#index ??= new GalleryIndex(this.#store, this.#files);
    // Apps with the newest inputs come first.
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

  async #data(request: IncomingMessage, resource: string, app: AppRow, parameters: URLSearchParams): Promise<unknown> {
    const index = (this.#index ??= new GalleryIndex(this.#store, this.#files));
    index.watch();
    if (resource === "changes") return this.#changes(index, app);
    if (resource === "facets") return facetsOf(this.#store, app);
    if (resource === "similar") {
      const similar = (this.#similar ??= new SimilarImages(this.#store, this.#files, index));
      const [seq, distance] = ["seq", "distance"].map((name) => wholeNumber(parameters.get(name)) ?? 0) as [
        number,
        number,
      ];
      return similar.find(app, seq, distance);
    }
    if (resource === "seqs") return seqsOf(this.#store, app, parameters);
    if (resource === "actions") {
      const seq = wholeNumber(parameters.get("seq"));
      return seq === undefined ? this.#actions.list(app) : this.#actions.detail(app, seq);
    }
    if (resource === "values") return valuesOf(this.#store, app, parameters.get("key") ?? "");
    if (resource === "record") {
      const context = { app, base: baseOf(request), names: this.#store.names(app.seq) };
      return recordOf(this.#store, this.#files, context, seqOf(this.#store, app, parameters));
    }
    if (resource !== "locations" && resource !== "inputs" && resource !== "counts") return undefined;
    await index.settled(settleMs);
    if (resource === "counts") return this.#counts(request, app, parameters);
    if (resource === "inputs") return pageOf(this.#store, this.#files, app, parameters);
    return `{"points":${findLocations(this.#store, filtersOf(parameters, app.seq), maxLocations)}}`;
  }

  /** Selects inputs, or carries a command about actions out. */
  async #change(
    request: IncomingMessage,
    response: ServerResponse,
    resource: "selections" | "actions",
    parameters: URLSearchParams,
  ): Promise<void> {
    try {
      const session = this.#sessions.byToken(request.headers["x-sluice-session"]);
      if (!session) throw new ActionRefusal(401, noSession);
      checkOwnPage(request);
      const body = await readJson(request);
      const app = this.#appOf(session, parameters);
      if (!app) throw new ActionRefusal(404, "the app does not exist");
      if (resource === "actions") return sendJson(response, this.#actions.run(app, body) ?? {});
      if (needsIndex(body, parameters)) await this.#settleIndex("select");
      const filters = filtersOf(parameters, app.seq);
      const found = (limit: number) => {
        return findPage(this.#store, filters, {
          ...positionOf(parameters, () => newestOf(this.#store, app)),
          skip: 0,
          limit,
        });
      };
      sendJson(response, this.#actions.select(app, body, found));
    } catch (error) {
      drain(request);
      if (isDiskFull(error)) return refuse(response, storageFull.httpStatus, diskFullText(error));
      if (!(error instanceof ActionRefusal || error instanceof ExportRefusal)) throw error;
      refuse(response, error.code, error.message);
    }
  }

  /** Waits until all inputs are indexed: the filters would not find the others, and nothing would say so. @throws {ExportRefusal} 503 */
  async #settleIndex(what: string): Promise<void> {
    const index = (this.#index ??= new GalleryIndex(this.#store, this.#files));
    await index.settled(exportSettleMs);
    const unindexed = index.unindexed();
    if (unindexed > 0) throw new ExportRefusal(503, `${unindexed} inputs are not indexed yet; ${what} again later`);
  }

  /** Sends the inputs that match the filters as a zip, in the format that the parameter `format` names. */
  async #export(request: IncomingMessage, response: ServerResponse, app: AppRow, parameters: URLSearchParams) {
    if (request.method !== "GET") return refuse(response, 405, "only GET");
    const format = exportFormatOf(parameters.get("format"));
    if (!format) return refuse(response, 400, "the parameter format names no format of an export");
    const headers = { "cache-control": "no-store", ...dataHeaders };
    try {
      const selection = parameters.get("selection");
      if (selection === null) await this.#settleIndex("export");
      const pages =
        selection === null
          ? foundPages(this.#store, filtersOf(parameters, app.seq), newestOf(this.#store, app))
          : selectedPages(this.#actions, this.#actions.selection(app, selection));
      await this.#exports.send(response, { store: this.#store, files: this.#files, app, pages }, format, headers);
    } catch (error) {
      if (!(error instanceof ExportRefusal || error instanceof ActionRefusal)) throw error;
      if (!response.destroyed) refuse(response, error.code, error.message);
    }
  }

  /** Counts the inputs by the values of the filters, for one request at a time. */
  async #counts(request: IncomingMessage, app: AppRow, parameters: URLSearchParams): Promise<CountsShape | undefined> {
    const left = new AbortController();
    const stop = () => left.abort();
    request.socket.once("close", stop);
    try {
      const filters = filtersOf(parameters, app.seq);
      return await this.#counting.run(() => countsOf(this.#store, app, filters, left.signal));
    } catch (error) {
      if (!left.signal.aborted) throw error;
      return undefined;
    } finally {
      request.socket.off("close", stop);
    }
  }

  #changes(index: GalleryIndex, app: AppRow): ChangesShape {
    return { version: index.version(), newest: newestOf(this.#store, app), indexing: index.unindexed() };
  }

  /** Serves `pictures/{rendition}/{sha256}`, which are made here, and `media/{sha256}`, the stored bytes. */
  async #sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    resource: "pictures" | "media",
    parts: readonly string[],
    app: AppRow | undefined,
  ): Promise<void> {
    const sha256 = parts.at(-1) ?? "";
    const sql = "SELECT kind FROM inputs WHERE sha256 = ? AND app = ? AND status = ? LIMIT 1";
    const row = app && this.#store.get<{ kind: Kind }>(sql, sha256, app.seq, statusCodes.INPUT_SUCCESS);
    if (!row) return refuse(response, 404, notFound);
    const path = this.#files.pathOf(sha256);
    response.setHeader("cache-control", "private, max-age=31536000, immutable");
    if (resource === "media") {
      if (parts.length !== 1) return refuse(response, 404, notFound);
      return serveOriginal(request, response, { path, sha256, kind: row.kind });
    }
    const [name = ""] = parts;
    const rendition = Object.hasOwn(pictureRenditions, name) ? pictureRenditions[name] : undefined;
    if (row.kind !== "image" || !rendition || parts.length !== 2) return refuse(response, 404, notFound);
    const bytes = await this.#thumbnails.get(path, sha256, rendition);
    if (!bytes) return refuse(response, 404, "the image cannot be decoded");
    response.writeHead(200, { "content-type": "image/webp", "content-length": bytes.length, ...dataHeaders });
    response.end(request.method === "HEAD" ? undefined : bytes);
  }
}

/** Returns the link in a body: undefined for an empty body, "" for an invalid one. */
function linkIn(text: string): string | undefined {
  if (text === "") return undefined;
  try {
    const body = JSON.parse(text) as unknown;
    return isObject(body) && typeof body.link === "string" ? body.link : "";
  } catch {
    return "";
  }
}
