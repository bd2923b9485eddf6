/**
 * The embedded store: the Inputs API on loopback, with its data in a folder.
 *
 * @module sluice/emulator
 */

import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, FlowError, OptionsError } from "../core/errors.js";
import { isLoopbackHost } from "../core/net/guarded-fetch.js";
import type { Gallery } from "./gallery/gallery.js";
import { Sessions } from "./gallery/sessions.js";
import type { MediaFiles } from "./media/media-files.js";
import { Processing } from "./media/processing.js";
import type { Services } from "./routes/context.js";
import { type FaultRule, Faults } from "./server/faults.js";
import type { AppName } from "./server/requests.js";
import { makeServer } from "./server/server.js";
import { type FolderCheck, openDataFolder } from "./store/data-folder.js";
import { isDiskFull } from "./store/disk-full.js";
import type { AppRow, InputRow } from "./store/model.js";
import type { Store } from "./store/store.js";

export type { Fault, FaultRule } from "./server/faults.js";
export type { FolderCheck } from "./store/data-folder.js";

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** Port to listen on. Default: any that is free. */
  port?: number | undefined;
  /** Address to listen on. On loopback, requests for other names, and from pages of other sites, are refused. Default: "127.0.0.1". */
  host?: string | undefined;
  /** Folder of the data. Default: a temporary one that goes when the emulator is closed. */
  data?: string | undefined;
  /** The one key that is good. Default: any that is not empty. */
  pat?: string | undefined;
  /** Keys that are good for one app only, each with its app. Default: none. */
  appKeys?: Readonly<Record<string, AppName>> | undefined;
  /**
   * Ignores fields and parameters that the API's definition does not have, and those that the emulator does not support. Without it they are
   * refused (11100 and 11102, 10040), so that a typo is found. In filters and deletes they are refused in any case. Default: false.
   */
  lenient?: boolean | undefined;
  /** Also refuses annotations of inputs that are not processed yet (24155). Excludes `lenient`. Default: false. */
  strict?: boolean | undefined;
  /** Users, apps and datasets come into being on first use. Default: true. */
  autoCreate?: boolean | undefined;
  /** Time before an accepted input is processed, in milliseconds. Default: 5. */
  processingDelayMs?: number | undefined;
  /** Time before a deleted input is gone, in milliseconds. Default: 5. */
  deleteDelayMs?: number | undefined;
  /** Requests per second that are granted; more are throttled with 11005. Default: no limit. */
  requestsPerSecond?: number | undefined;
  /**
   * What happens to inputs that are sent by URL. "fetch": the emulator fetches them, as the platform does. "accept": they count as processed
   * without being fetched, for machines without internet; there are no bytes, and `image_info` says that format and size are unknown.
   * Default: "fetch".
   */
  urls?: "fetch" | "accept" | undefined;
  /** Whether the emulator may fetch; without it, inputs by URL fail (30002) unless `urls` is "accept". Default: true. */
  allowFetch?: boolean | undefined;
  /**
   * Fetches from private, loopback and link-local addresses (true), or from public ones only (false). Default: from this machine's own too, when
   * the store itself listens on loopback, and the URL, not a redirect or a look-up, says so.
   */
  allowPrivateFetch?: boolean | undefined;
  /** Whether overwrite replaces all data ("new") or key by key ("old"). Default: "new". */
  overwriteReading?: "new" | "old" | undefined;
  /** Faults to rehearse. */
  faults?: readonly FaultRule[] | undefined;
  /** Seed of the faults' chances. Default: 1. */
  seed?: number | undefined;
  /** Does not keep the process alive. Default: false. */
  unref?: boolean | undefined;
}

/** What the store has of one input, from its own records. */
export interface StoredInput {
  id: string;
  kind: string;
  /** Of the bytes as they were decoded; null for text and for URLs that were not fetched. */
  sha256: string | null;
  sizeBytes: number;
  statusCode: number;
  timesStored: number;
  metadata: unknown;
}

/** An embedded store that runs. */
export interface Emulator {
  /** Address, such as `http://127.0.0.1:40123`. */
  url: string;
  port: number;
  /** Id of the store in the data folder; a copy of the folder, or an emptied one, has another. */
  store: string;
  faults: Faults;
  /** What was repaired and found missing in the folder of the data at the start. */
  checked: FolderCheck;
  /** Address of the gallery, a page that shows what is in the store. Each call gives another one, which opens it in one browser, once. */
  galleryUrl(): string;
  /** Everything that an app has, oldest first, read from the rows and not through the API. */
  stored(userId?: string, appId?: string): StoredInput[];
  /** What an app had and has no more, from the same rows: ids, and how often each was stored. */
  deleted(userId?: string, appId?: string): Pick<StoredInput, "id" | "timesStored">[];
  /** Stops listening, finishes what is being written, and closes the files. */
  close(): Promise<void>;
}

/**
 * Starts the embedded store. Resolves when it listens.
 *
 * It speaks the REST API under `/v2` (inputs, annotations, concepts, datasets, jobs, searches, bulk operations, apps) and serves hosted media. Rows
 * are in SQLite and media in files, so that it goes on where it was after a restart. A folder has one store at a time.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE (the folder cannot be written, say), ERR_STORE_ADDRESS (the port is taken, say)
 * @example
 * const emulator = await startEmulator({ data: "./store/store" });
 * const app = await connect({ baseUrl: emulator.url, pat: "any" });
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions(options);
  const host = options.host ?? "127.0.0.1";
  const temporary = options.data === undefined;
  const folder = options.data ?? mkdtempSync(join(tmpdir(), "sluice-store-"));
  const opened = openDataFolder(folder);
  const { store, files } = opened;
  const faults = new Faults(options.faults ?? [], options.seed ?? 1);
  const processing = new Processing(store, files, {
    delayMs: options.processingDelayMs ?? 5,
    allowFetch: options.allowFetch ?? true,
    urls: options.urls,
    privateFetch: options.allowPrivateFetch ?? (isLoopbackHost(host) ? "loopback" : false),
    fault: (row) => faults.ofProcessing(row.id, row.times_stored),
  });
  const deletions = new Deletions(store, files, options.deleteDelayMs ?? 5);
  const services: Services = {
    store,
    files,
    processing,
    faults,
    autoCreate: options.autoCreate ?? true,
    deleteDelayMs: options.deleteDelayMs ?? 5,
    overwriteReading: options.overwriteReading ?? "new",
    lenient: options.lenient ?? false,
    strict: options.strict ?? false,
    removeLater: (app, ids) => deletions.add(app, ids),
    removeNow: (row) => deletions.now(row),
  };
  const credentials = { pat: options.pat, appKeys: options.appKeys ?? {} };
  const sessions = new Sessions();
  let loadedGallery: Promise<Gallery> | undefined;
  const gallery = () =>
    (loadedGallery ??= import("./gallery/gallery.js").then(
      ({ Gallery }) => new Gallery({ store, files, credentials, sessions }),
    ));
  const server = makeServer({ services, credentials, requestsPerSecond: options.requestsPerSecond, host, gallery });
  if (options.unref) server.on("connection", (socket) => socket.unref());
  try {
    await listen(server, options.port ?? 0, host);
  } catch (error) {
    await processing.close();
    opened.close();
    throw error;
  }
  if (options.unref) server.unref();
  const { port } = server.address() as AddressInfo;
  const url = `http://${host.includes(":") ? `[${host}]` : host}:${port}`;
  if (!options.unref && !temporary) opened.tellAddress(url);
  let closing: Promise<void> | undefined;

  const close = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const cut = setTimeout(() => server.closeAllConnections(), 2000);
    await closed;
    clearTimeout(cut);
    deletions.finish(true);
    await processing.close();
    (await loadedGallery)?.close();
    opened.close();
    if (temporary) rmSync(folder, { recursive: true, force: true });
  };
  return {
    url,
    port,
    store: store.id,
    faults,
    checked: opened.checked,
    // What is after the # stays in the browser.
    galleryUrl: () => `${url}/#link=${sessions.link()}`,
    stored: (userId = "me", appId = "main") => storedInputs(store, userId, appId),
    deleted: (userId = "me", appId = "main") => deletedInputs(store, userId, appId),
    close: () => (closing ??= close()),
  };
}

function checkOptions({ lenient, strict, urls = "fetch" }: EmulatorOptions): void {
  if (lenient && strict) throw new OptionsError("ERR_OPTIONS", "startEmulator: lenient and strict exclude each other");
  if (urls === "fetch" || urls === "accept") return;
  throw new OptionsError("ERR_OPTIONS", `startEmulator: urls must be "fetch" or "accept", not ${JSON.stringify(urls)}`);
}

async function listen(server: Server, port: number, host: string): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, () => resolve());
    });
  } catch (error) {
    const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const reason = isTaken ? "another program listens there (port 0 takes one that is free)" : describeError(error);
    const text = `the embedded store cannot listen on port ${port} of ${host}: ${reason}`;
    throw new FlowError("ERR_STORE_ADDRESS", text, { cause: error });
  }
}

function storedInputs(store: Store, userId: string, appId: string): StoredInput[] {
  const app = store.app(userId, appId);
  if (!app) return [];
  const rows = store.all<InputRow>("SELECT * FROM inputs WHERE app = ? ORDER BY seq", app.seq);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    statusCode: row.status,
    timesStored: row.times_stored,
    metadata: (JSON.parse(row.fields) as { metadata?: unknown }).metadata ?? {},
  }));
}

function deletedInputs(store: Store, userId: string, appId: string): Pick<StoredInput, "id" | "timesStored">[] {
  const app = store.app(userId, appId);
  if (!app) return [];
  const sql = "SELECT id, times_stored FROM deleted WHERE app = ? ORDER BY seq";
  const rows = store.all<{ id: string; times_stored: number }>(sql, app.seq);
  return rows.map(({ id, times_stored: timesStored }) => ({ id, timesStored }));
}

/** Wait after rows could not be deleted since the disk was full, in milliseconds. */
const retryMs = 200;

/** Deletes in the background, as the platform does; what was not yet done when the process ended is done at the next start. */
class Deletions {
  readonly #store: Store;
  readonly #files: MediaFiles;
  readonly #delayMs: number;
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, files: MediaFiles, delayMs: number) {
    this.#store = store;
    this.#files = files;
    this.#delayMs = delayMs;
    this.finish();
  }

  add(app: AppRow, ids: readonly string[] | "all"): void {
    this.#store.transaction(() => {
      const sql = "UPDATE inputs SET deleting = 1 WHERE app = ?";
      if (ids === "all") this.#store.run(sql, app.seq);
      else for (const id of ids) this.#store.run(`${sql} AND id = ?`, app.seq, id);
    });
    this.#timer ??= setTimeout(() => this.finish(), this.#delayMs).unref();
  }

  /** Deletes an input while the request waits. @throws {Error} on a full disk */
  now(row: InputRow): void {
    this.#delete(() => [row]);
  }

  finish(isClosing = false): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      this.#delete(() => this.#store.all<InputRow>("SELECT * FROM inputs WHERE deleting = 1"));
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      if (!isClosing) this.#timer = setTimeout(() => this.finish(), retryMs).unref(); // else it is done at the next start
    }
  }

  /** Rows go first: what remains of a process that is killed in between are files without rows, which the next start collects. */
  #delete(rows: () => InputRow[]): void {
    const unused = this.#store.transaction(() => this.#store.deleteInputs(rows()));
    for (const sha256 of unused) this.#files.remove(sha256);
  }
}
