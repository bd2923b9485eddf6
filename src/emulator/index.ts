/**
 * The emulator: serves the Inputs API on this machine, with its data in a folder, the store.
 *
 * @module sluice/emulator
 */

import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import type { AddressInfo, Server as NetServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError, FlowError, OptionsError } from "../core/errors.js";
import { isLoopbackHost } from "../core/net/addresses.js";
import type { Gallery, GalleryOptions } from "./gallery/gallery.js";
import { Sessions } from "./gallery/sessions.js";
import type { GrpcServer, GrpcServerOptions } from "./grpc/grpc-server.js";
import { Processing } from "./media/processing.js";
import type { Services } from "./routes/context.js";
import { type FaultRule, Faults } from "./server/faults.js";
import { RateLimiter } from "./server/rate-limiter.js";
import type { AppName } from "./server/requests.js";
import { makeServer } from "./server/server.js";
import { type DataFolder, type FolderCheck, openDataFolder } from "./store/data-folder.js";
import { Deletions } from "./store/deletions.js";
import { type DeletedInput, deletedInputs, type StoredInput, storedInputs } from "./store/stored-inputs.js";

export type { Fault, FaultRule } from "./server/faults.js";
export type { FolderCheck } from "./store/data-folder.js";
export type { DeletedInput, StoredInput } from "./store/stored-inputs.js";

/** Options of `startEmulator`. */
export interface EmulatorOptions {
  /** Port to listen on. Default: any free port. */
  port?: number | undefined;
  /** Port of the gRPC server, on the same address; 0 takes any free port. Default: no gRPC server. */
  grpcPort?: number | undefined;
  /** Address to listen on. On loopback, requests for other host names and from pages of other sites are refused. Default: "127.0.0.1". */
  host?: string | undefined;
  /** Data folder. Default: a temporary folder, which is deleted when the emulator closes. */
  data?: string | undefined;
  /** The one valid key. Default: any key that is not empty. */
  pat?: string | undefined;
  /** Keys that are valid for one app each, with their apps. Default: none. */
  appKeys?: Readonly<Record<string, AppName>> | undefined;
  /**
   * Ignores fields and parameters that the API's definition does not have, or that the emulator does not support. Otherwise they are refused
   * (11100 and 11102, 10040), so that typos are found. In filters and deletes they are always refused. Default: false.
   */
  lenient?: boolean | undefined;
  /** Also refuses annotations of inputs that are not processed yet (24155). Excludes `lenient`. Default: false. */
  strict?: boolean | undefined;
  /** Creates users, apps and datasets on first use. Default: true. */
  autoCreate?: boolean | undefined;
  /** Time before an accepted input is processed, in milliseconds. Default: 5. */
  processingDelayMs?: number | undefined;
  /** Time before a deleted input is removed, in milliseconds. Default: 5. */
  deleteDelayMs?: number | undefined;
  /** Maximum number of requests per second. More are refused with 11005. Default: no limit. */
  requestsPerSecond?: number | undefined;
  /**
   * What the emulator does with inputs by URL. "fetch": it fetches them, as the platform does. "accept": it counts them as processed without
   * fetching them, for machines without internet; they have no bytes, and `image_info` says that format and size are unknown. Default: "fetch".
   */
  urls?: "fetch" | "accept" | undefined;
  /** Whether the emulator may fetch URLs. If not, inputs by URL fail (30002), unless `urls` is "accept". Default: true. */
  allowFetch?: boolean | undefined;
  /**
   * Fetches from private, loopback and link-local addresses, too (true), or from public addresses only (false). Default: also from this machine,
   * if the emulator itself listens on loopback, and the URL (not a redirect, and not a name lookup) names this machine.
   */
  allowPrivateFetch?: boolean | undefined;
  /** Whether the action overwrite replaces all data ("new") or key by key ("old"). Default: "new". */
  overwriteReading?: "new" | "old" | undefined;
  /** Faults to inject. Default: none. */
  faults?: readonly FaultRule[] | undefined;
  /** Seed of the faults with a probability. Default: 1. */
  seed?: number | undefined;
  /** Lets the process end while the emulator runs. Default: false. */
  unref?: boolean | undefined;
}

/** A running emulator. */
export interface Emulator {
  /** Address, such as `http://127.0.0.1:40123`. */
  url: string;
  port: number;
  /** Address of the gRPC server, such as `http://127.0.0.1:40124`. Undefined: it was not asked for. */
  grpcUrl: string | undefined;
  /** Id of the store in the data folder. A copy of the folder, or an emptied folder, has another id. */
  store: string;
  faults: Faults;
  /** What was repaired and what was missing in the data folder at the start. */
  checked: FolderCheck;
  /** Returns the address of the gallery, a page that shows the inputs in the store. Each call returns a new address, which works once. */
  galleryUrl(): string;
  /** Returns all inputs of an app, oldest first, read from the rows and not through the API. */
  stored(userId?: string, appId?: string): StoredInput[];
  /** Returns the deleted inputs of an app: their ids, and how often each was stored. */
  deleted(userId?: string, appId?: string): DeletedInput[];
  /** Stops listening, finishes the current writes, and closes the files. */
  close(): Promise<void>;
}

/** Requests get this time to end when the emulator closes, in milliseconds. */
const closeTimeoutMs = 2000;

/**
 * Starts an emulator. Resolves when it listens.
 *
 * It serves the REST API under `/v2` (inputs, annotations, concepts, datasets, jobs, searches, bulk operations, apps) and hosted media. Rows are in
 * SQLite and media in files, so a restarted emulator continues with the same data. Only one emulator at a time can use a data folder.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {FlowError} ERR_STORE_IN_USE, ERR_STORE_UNUSABLE (for example, the folder cannot be written), ERR_STORE_ADDRESS (for example, the port is
 * in use)
 * @example
 * const emulator = await startEmulator({ data: "./store" });
 * const app = await connect({ baseUrl: emulator.url, pat: "any" });
 */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  checkOptions(options);
  const { host = "127.0.0.1", port: wantedPort = 0, unref = false } = options;
  const folder = options.data ?? mkdtempSync(join(tmpdir(), "sluice-store-"));
  const dataFolder = openDataFolder(folder);
  const { services, deletions } = makeServices(options, dataFolder, host);
  const credentials = { pat: options.pat, appKeys: options.appKeys ?? {} };
  const sessions = new Sessions();
  const gallery = new LazyGallery({ store: dataFolder.store, files: dataFolder.files, credentials, sessions });
  const { requestsPerSecond } = options;
  const limiter = requestsPerSecond === undefined ? undefined : new RateLimiter(requestsPerSecond);
  const server = makeServer({ services, credentials, limiter, host, gallery: () => gallery.load() });
  let grpc: GrpcServer | undefined;
  try {
    await listen(server, wantedPort, host, unref);
    if (options.grpcPort !== undefined) {
      grpc = await startGrpcServer(
        { services, credentials, limiter, host, restPort: portOf(server) },
        options.grpcPort,
        unref,
      );
    }
  } catch (error) {
    if (server.listening) await stopListening(server);
    await services.processing.close();
    dataFolder.close();
    throw error;
  }
  const url = urlOf(host, server);
  const isTemporary = options.data === undefined;
  if (!unref && !isTemporary) dataFolder.publishAddress(url);
  const close = async () => {
    await Promise.all([stopListening(server), grpc?.close(closeTimeoutMs)]);
    deletions.finish(true);
    await services.processing.close();
    await gallery.close();
    dataFolder.close();
    if (isTemporary) rmSync(folder, { recursive: true, force: true });
  };
  const grpcUrl = grpc && urlOf(host, grpc.server);
  return handleOf({ url, port: portOf(server), grpcUrl, dataFolder, faults: services.faults, sessions, close });
}

interface RunningParts extends Pick<Emulator, "url" | "port" | "grpcUrl" | "faults" | "close"> {
  dataFolder: DataFolder;
  sessions: Sessions;
}

function handleOf({ url, port, grpcUrl, dataFolder, faults, sessions, close }: RunningParts): Emulator {
  const { store, checked } = dataFolder;
  let closing: Promise<void> | undefined;
  return {
    url,
    port,
    grpcUrl,
    store: store.id,
    faults,
    checked,
    // Browsers do not send the part after the "#" to servers.
    galleryUrl: () => `${url}/#link=${sessions.link()}`,
    stored: (userId = "me", appId = "main") => storedInputs(store, userId, appId),
    deleted: (userId = "me", appId = "main") => deletedInputs(store, userId, appId),
    close: () => (closing ??= close()),
  };
}

/** Makes the parts of the emulator that routes use. */
function makeServices(options: EmulatorOptions, { store, files }: DataFolder, host: string) {
  const { processingDelayMs = 5, deleteDelayMs = 5, allowFetch = true, urls } = options;
  const faults = new Faults(options.faults ?? [], options.seed ?? 1);
  const processing = new Processing(store, files, {
    delayMs: processingDelayMs,
    allowFetch,
    urls,
    privateFetch: options.allowPrivateFetch ?? (isLoopbackHost(host) ? "loopback" : false),
    fault: (row) => faults.ofProcessing(row.id, row.times_stored),
  });
  const deletions = new Deletions(store, files, deleteDelayMs);
  const services: Services = {
    store,
    files,
    processing,
    faults,
    autoCreate: options.autoCreate ?? true,
    overwriteReading: options.overwriteReading ?? "new",
    lenient: options.lenient ?? false,
    strict: options.strict ?? false,
    removeLater: (app, ids) => deletions.add(app, ids),
    removeNow: (row) => deletions.now(row),
  };
  return { services, deletions };
}

/** Loads the gallery on its first request. */
class LazyGallery {
  readonly #options: GalleryOptions;
  #loaded: Promise<Gallery> | undefined;

  constructor(options: GalleryOptions) {
    this.#options = options;
  }

  load(): Promise<Gallery> {
    return (this.#loaded ??= import("./gallery/gallery.js").then(({ Gallery }) => new Gallery(this.#options)));
  }

  async close(): Promise<void> {
    (await this.#loaded)?.close();
  }
}

function checkOptions({ lenient, strict, urls = "fetch" }: EmulatorOptions): void {
  if (lenient && strict)
    throw new OptionsError("ERR_OPTIONS", "startEmulator: lenient and strict exclude each other; set one of them");
  if (urls === "fetch" || urls === "accept") return;
  throw new OptionsError("ERR_OPTIONS", `startEmulator: urls must be "fetch" or "accept", not ${JSON.stringify(urls)}`);
}

/** Loads and starts the gRPC server. */
async function startGrpcServer(options: GrpcServerOptions, port: number, unref: boolean): Promise<GrpcServer> {
  const { makeGrpcServer } = await import("./grpc/grpc-server.js");
  const grpc = makeGrpcServer(options);
  await listen(grpc.server, port, options.host, unref);
  return grpc;
}

function portOf(server: NetServer): number {
  return (server.address() as AddressInfo).port;
}

function urlOf(host: string, server: NetServer): string {
  return `http://${host.includes(":") ? `[${host}]` : host}:${portOf(server)}`;
}

/** Listens. @param unref lets the process end while the server and its connections are open */
async function listen(server: NetServer, port: number, host: string, unref: boolean): Promise<void> {
  if (unref) server.on("connection", (socket) => socket.unref());
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, host, () => resolve());
    });
    if (unref) server.unref();
  } catch (error) {
    const isInUse = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
    const reason = isInUse ? "another program uses the port; port 0 takes a free one" : describeError(error);
    const text = `the emulator cannot listen on port ${port} of ${host}: ${reason}`;
    throw new FlowError("ERR_STORE_ADDRESS", text, { cause: error });
  }
}

/** Closes the server. Requests that do not end in time are cut. */
async function stopListening(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  await closed;
  clearTimeout(timer);
}
