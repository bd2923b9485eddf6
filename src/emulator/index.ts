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
import type { Gallery, GalleryOptions } from "./gallery/gallery.js";
import { Sessions } from "./gallery/sessions.js";
import type { GrpcServer, GrpcServerOptions } from "./grpc/grpc-server.js";
import type { EmulatorOptions } from "./options.js";
import type { Faults } from "./server/faults.js";
import { RateLimiter } from "./server/rate-limiter.js";
import { makeServer } from "./server/server.js";
import { makeServices } from "./services.js";
import { type DataFolder, type FolderCheck, openDataFolder } from "./store/data-folder.js";
import { type DeletedInput, deletedInputs, type StoredInput, storedInputs } from "./store/stored-inputs.js";

export type { EmulatorOptions } from "./options.js";
export type { Fault, FaultRule } from "./server/faults.js";
export type { FolderCheck } from "./store/data-folder.js";
export type { DeletedInput, StoredInput } from "./store/stored-inputs.js";

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
  const { services, deletions, stopWork } = makeServices(options, dataFolder, { host, folder });
  const credentials = { pat: options.pat, appKeys: options.appKeys ?? {} };
  const sessions = new Sessions();
  const { readOnlyGallery: isReadOnly = false } = options;
  const gallery = new LazyGallery({ services, credentials, sessions, folder, isReadOnly });
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
    await stopWork();
    dataFolder.close();
    throw error;
  }
  const url = urlOf(host, server);
  const isTemporary = options.data === undefined;
  if (!unref && !isTemporary) dataFolder.publishAddress(url);
  const close = async () => {
    await Promise.all([stopListening(server), grpc?.close(closeTimeoutMs)]);
    await gallery.close();
    deletions.finish(true);
    await stopWork();
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
    await (await this.#loaded)?.close();
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
