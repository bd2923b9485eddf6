/** Connects to a NATS server with JetStream through its optional packages, and repeats calls while the server restarts. */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { JetStreamClient, JetStreamManager, JetStreamPublishOptions, PubAck, StoredMsg } from "@nats-io/jetstream";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import * as z from "zod";
import { codeOf, describeError, FlowError, OptionsError, SourceError } from "../core/errors.js";
import { again, fail, ok, retry } from "../core/net/retry.js";
import { writeNotice } from "../core/util/notice.js";

/** Options of every plugin that connects to a NATS server. */
export const natsOptions = {
  /** Addresses of the servers. Default: NATS_URL (several with commas), else nats://127.0.0.1:4222. */
  servers: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** File with the credentials for the server (`.creds`). Default: NATS_CREDS, else none. */
  credentials: z.string().min(1).optional(),
  /** Other options of the NATS client: `user` and `pass`, `token`, `tls`, … */
  connection: z.custom<NodeConnectionOptions>((value) => typeof value === "object" && value !== null).optional(),
};

/** The name of a stream. It becomes part of subjects, in which a dot or a star has a meaning. */
export const StreamName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "the name of a stream is 1 to 64 letters, digits, - and _");

/** How to reach the NATS server. */
export interface NatsAddress {
  servers?: string | string[] | undefined;
  credentials?: string | undefined;
  connection?: NodeConnectionOptions | undefined;
}

/** The name that `NatsAddress` had in 0.1. @deprecated Use `NatsAddress`; this name goes in 0.3. */
export type EngineAddress = NatsAddress;

const connectTimeoutMs = 10_000;
const callTimeoutMs = 5000;
const defaultRetryForMs = 300_000;
/** Waits between the attempts of a call, for example while the server restarts. */
const callBackoff = { baseMs: 160, maxMs: 3000 };

type Packages = typeof import("@nats-io/jetstream") & typeof import("@nats-io/transport-node");

/** An open connection to a NATS server. It reconnects by itself when the server is back. */
export class NatsServer {
  readonly connection: NatsConnection;
  readonly packages: Packages;
  readonly client: JetStreamClient;
  readonly manager: JetStreamManager;

  private constructor(packages: Packages, connection: NatsConnection, manager: JetStreamManager) {
    this.packages = packages;
    this.connection = connection;
    this.manager = manager;
    this.client = packages.jetstream(connection, { timeout: callTimeoutMs });
  }

  /**
   * Connects for a plugin, whose name appears in the errors. Waits up to 10 s for the server.
   *
   * @throws {OptionsError} ERR_PACKAGE_MISSING, ERR_OPTIONS
   * @throws {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED
   */
  static async connect(plugin: string, { servers, credentials, connection }: NatsAddress): Promise<NatsServer> {
    const packages = await loadPackages(plugin);
    const addresses = serversOf(servers);
    const file = credentials ?? process.env.NATS_CREDS;
    const authenticator = file === undefined ? {} : await readCredentials(plugin, file, packages);
    const defaults = { timeout: connectTimeoutMs, pingInterval: 20_000, reconnectTimeWait: 500, ...authenticator };
    const required = { servers: addresses, maxReconnectAttempts: -1 };
    let isConnected = false;
    try {
      const opened = await packages.connect({ ...defaults, ...connection, ...required });
      isConnected = true;
      void watchVersion(plugin, opened);
      try {
        const manager = await packages.jetstreamManager(opened, { timeout: callTimeoutMs });
        return new NatsServer(packages, opened, manager);
      } catch (error) {
        await opened.close();
        throw error;
      }
    } catch (error) {
      throw connectError(plugin, addresses, error, isConnected);
    }
  }

  /**
   * Repeats a call until the server answers it, for at most `retryForMs` (default: 300,000). Throws what the server refuses for good. The call must be
   * safe to make twice.
   */
  callWithRetry<T>(call: () => Promise<T>, signal?: AbortSignal, retryForMs = defaultRetryForMs): Promise<T> {
    return retry<T, "failed">(async () => ok(await call()), {
      rules: { failed: { retryForMs, backoff: callBackoff } },
      signal,
      verdictOf: (thrown) => {
        const error = thrown instanceof Error ? thrown : new Error(describeError(thrown));
        return this.#isTemporary(error) ? again("failed", error) : fail(error);
      },
    });
  }

  /** Asks the server about a stream or consumer. Returns undefined if it does not exist. */
  async lookUp<T>(call: () => Promise<T>): Promise<T | undefined> {
    return this.callWithRetry(async () => {
      try {
        return await call();
      } catch (error) {
        if (this.#isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** Sends what is buffered, for at most 2 s, and closes the connection. */
  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    await Promise.race([this.connection.drain().catch(() => undefined), sleep(2000, undefined, { ref: false })]);
    await this.connection.close();
  }

  /**
   * Publishes a message on a stream, and repeats that like `callWithRetry`.
   *
   * @throws {SourceError} ERR_STREAM_LOST if the stream was deleted; ERR_ENGINE_FULL if the server had no space until the end of `retryForMs`
   */
  async publish(
    stream: string,
    subject: string,
    text: string,
    options: Partial<JetStreamPublishOptions>,
    signal?: AbortSignal,
    retryForMs = defaultRetryForMs,
  ): Promise<PubAck> {
    const send = async () => {
      try {
        return await this.client.publish(subject, text, options);
      } catch (error) {
        if (error instanceof Error && /not enabled/.test(error.message)) await this.#throwIfLost(stream, error);
        throw error;
      }
    };
    try {
      return await this.callWithRetry(send, signal, retryForMs);
    } catch (error) {
      if (!isFull(error)) throw error;
      const what = `the NATS server has no space for messages of the stream ${stream} (${describeError(error)})`;
      const text = `${what}; free space on its disk or raise its limits, and run again`;
      throw new SourceError("ERR_ENGINE_FULL", text, { cause: error, retryable: true });
    }
  }

  /** Reads the newest message of a subject; undefined if there is none. @throws {SourceError} ERR_STREAM_LOST if the stream was deleted */
  async lastMessage(stream: string, subject: string, signal?: AbortSignal): Promise<StoredMsg | undefined> {
    const get = async () => {
      try {
        return await this.manager.streams.getMessage(stream, { last_by_subj: subject });
      } catch (error) {
        throw this.#isMissing(error) ? streamLost(stream, error) : error;
      }
    };
    return (await this.callWithRetry(get, signal)) ?? undefined;
  }

  /** Whether the server refused a message because another one was published on its subject first. */
  isOutdated(error: unknown): boolean {
    const { JetStreamApiCodes, JetStreamApiError } = this.packages;
    return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
  }

  /** Nobody answers on the subjects of a deleted stream, which looks as if the server had no JetStream. */
  async #throwIfLost(stream: string, cause: unknown): Promise<void> {
    try {
      await this.manager.streams.info(stream);
    } catch (error) {
      if (this.#isMissing(error)) throw streamLost(stream, cause);
    }
  }

  #isMissing(error: unknown): boolean {
    const { JetStreamApiCodes, JetStreamApiError } = this.packages;
    if (!(error instanceof JetStreamApiError)) return false;
    return error.code === JetStreamApiCodes.StreamNotFound || error.code === JetStreamApiCodes.ConsumerNotFound;
  }

  /** Whether a later attempt may succeed: the server is away, busy or full. */
  #isTemporary(error: unknown): boolean {
    const { JetStreamApiError, errors } = this.packages;
    if (error instanceof FlowError) return false;
    if (error instanceof JetStreamApiError) return error.status >= 500 || isFull(error);
    const { ClosedConnectionError, PermissionViolationError, AuthorizationError, InvalidArgumentError } = errors;
    return ![ClosedConnectionError, PermissionViolationError, AuthorizationError, InvalidArgumentError].some(
      (final) => error instanceof final,
    );
  }
}

/** Whether the server refused a message because its disk or a limit is full. */
function isFull(error: unknown): boolean {
  return (
    error instanceof Error &&
    /maximum \w+ exceeded|insufficient (storage )?resources|resource limits exceeded|no space left/.test(error.message)
  );
}

/** Makes the error of a stream that was deleted. */
export function streamLost(stream: string, cause: unknown): SourceError {
  const text = `the stream ${stream} was deleted from the NATS server; start the workers again and submit the unfinished inputs again`;
  return new SourceError("ERR_STREAM_LOST", text, { cause });
}

async function loadPackages(plugin: string): Promise<Packages> {
  try {
    const [jetstream, transport] = await Promise.all([import("@nats-io/jetstream"), import("@nats-io/transport-node")]);
    return { ...jetstream, ...transport };
  } catch (error) {
    if (!codeOf(error, "").endsWith("MODULE_NOT_FOUND")) throw error;
    const hint = "npm install @nats-io/jetstream @nats-io/transport-node";
    throw new OptionsError("ERR_PACKAGE_MISSING", `${plugin}: the packages of NATS are not installed: ${hint}`);
  }
}

async function readCredentials(plugin: string, path: string, packages: Packages): Promise<NodeConnectionOptions> {
  try {
    return { authenticator: packages.credsAuthenticator(await readFile(path)) };
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `${plugin}: credentials: ${path}: ${describeError(error)}`);
  }
}

function connectError(plugin: string, servers: string | string[], error: unknown, isConnected: boolean): FlowError {
  const address = serversText(servers);
  const reason = describeError(error);
  if (/authoriz|authentic|permission/i.test(reason)) {
    const text = `the NATS server at ${address} refuses the connection: ${reason}; check credentials and connection`;
    return new FlowError("ERR_ENGINE_REFUSED", `${plugin}: ${text}`);
  }
  if (/not enabled/i.test(reason)) {
    const text = `the NATS server at ${address} has no JetStream; start it with nats-server -js`;
    return new FlowError("ERR_ENGINE_REFUSED", `${plugin}: ${text}`);
  }
  if (isConnected) {
    const text = `the NATS server at ${address} answers, and its JetStream does not (${reason}); check its log and the free space on its disk`;
    return new FlowError("ERR_ENGINE_UNREACHABLE", `${plugin}: ${text}`, { retryable: true, cause: error });
  }
  const text = `no NATS server answers at ${address} (${reason}); start nats-server -js, or correct the address`;
  return new FlowError("ERR_ENGINE_UNREACHABLE", `${plugin}: ${text}`, { retryable: true, cause: error });
}

function serversOf(servers: string | string[] | undefined): string | string[] {
  return servers ?? process.env.NATS_URL?.split(",").map((text) => text.trim()) ?? "nats://127.0.0.1:4222";
}

/** The oldest release of the NATS server with which the tests run. */
const knownGoodVersion = "2.9.10";

/** Warns of a server that is older than the tested ones, and of one that is replaced by an older release. */
async function watchVersion(plugin: string, connection: NatsConnection): Promise<void> {
  let version = connection.info?.version ?? knownGoodVersion;
  const at = `the NATS server at ${connection.getServer()}`;
  const untested = `Sluice is tested with ${knownGoodVersion} and later; update the server`;
  if (isOlder(version, knownGoodVersion)) writeNotice(`${plugin}: ${at} has the version ${version}, and ${untested}\n`);
  for await (const { type } of connection.status()) {
    if (type !== "reconnect") continue;
    const next = connection.info?.version ?? version;
    if (isOlder(next, version)) {
      const risk = "an older release may not read the streams of a later one";
      writeNotice(
        `${plugin}: ${at} now has the version ${next} instead of ${version}, and ${risk}; update the server\n`,
      );
    }
    version = next;
  }
}

/** Whether a version such as `2.9.10` is older than another one. */
export function isOlder(version: string, other: string): boolean {
  const parts = (text: string) => text.split("-", 1)[0]?.split(".").map(Number) ?? [];
  const others = parts(other);
  for (const [index, part] of parts(version).entries()) {
    const compared = others[index] ?? 0;
    if (part !== compared) return part < compared;
  }
  return false;
}

/** Formats the addresses of the servers for people, without credentials. */
export function serversText(servers: string | string[] | undefined): string {
  return [serversOf(servers)].flat().map(withoutCredentials).join(", ");
}

function withoutCredentials(address: string): string {
  return address.replace(/\/\/[^@/]*@/, "//");
}
