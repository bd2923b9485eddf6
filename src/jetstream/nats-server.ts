/** The engine: a connection to NATS with JetStream, through its optional packages, and calls that outlive its restarts. */

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { JetStreamClient, JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection, NodeConnectionOptions } from "@nats-io/transport-node";
import * as z from "zod";
import { codeOf, describeError, FlowError, OptionsError } from "../core/errors.js";
import { again, fail, ok, retry } from "../core/net/retry.js";

/** Options of everything that connects to the engine. */
export const engineOptions = {
  /** Addresses of the servers. Default: NATS_URL (several with commas), else nats://127.0.0.1:4222. */
  servers: z.union([z.string().min(1), z.array(z.string().min(1)).min(1)]).optional(),
  /** File with the credentials that the engine asks for (`.creds`). Default: NATS_CREDS, else none. */
  credentials: z.string().min(1).optional(),
  /** What else the client of NATS takes: `user` and `pass`, `token`, `tls`, … */
  connection: z.custom<NodeConnectionOptions>((value) => typeof value === "object" && value !== null).optional(),
};

/** What a stream of the engine is called. It is part of subjects, where a dot or a star would mean something. */
export const StreamName = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "the name of a stream is 1 to 64 letters, digits, - and _");

/** How to reach the engine. */
export interface EngineAddress {
  servers?: string | string[] | undefined;
  credentials?: string | undefined;
  connection?: NodeConnectionOptions | undefined;
}

const firstAnswerMs = 10_000;
const callTimeoutMs = 5000;
/** Longest time that a call is made again while the engine does not answer, unless it is told otherwise. */
const patienceMs = 300_000;
/** Waits between the attempts of a call, for example while the engine restarts. */
const callBackoff = { baseMs: 160, maxMs: 3000 };

type Packages = typeof import("@nats-io/jetstream") & typeof import("@nats-io/transport-node");

/** An open connection. It comes back by itself when the engine does. */
export class Engine {
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
   * Connects for `plugin`, which its errors name.
   *
   * @throws {OptionsError} ERR_PACKAGE_MISSING, ERR_OPTIONS
   * @throws {FlowError} ERR_ENGINE_UNREACHABLE, ERR_ENGINE_REFUSED
   */
  static async open(plugin: string, { servers, credentials, connection }: EngineAddress): Promise<Engine> {
    const packages = await loadPackages(plugin);
    const at = serversOf(servers);
    const file = credentials ?? process.env.NATS_CREDS;
    const authenticator = file === undefined ? {} : await credentialsOf(plugin, file, packages);
    const asked = { timeout: firstAnswerMs, pingInterval: 20_000, reconnectTimeWait: 500, ...authenticator };
    try {
      const opened = await packages.connect({ ...asked, ...connection, servers: at, maxReconnectAttempts: -1 });
      try {
        const manager = await packages.jetstreamManager(opened, { timeout: callTimeoutMs });
        return new Engine(packages, opened, manager);
      } catch (error) {
        await opened.close();
        throw error;
      }
    } catch (error) {
      throw engineError(plugin, at, error);
    }
  }

  /** Makes a call until the engine answers it; what it refuses for good is thrown. It has to be one that may be made twice. */
  untilAnswered<T>(call: () => Promise<T>, signal?: AbortSignal, retryForMs = patienceMs): Promise<T> {
    return retry<T, "failed">(async () => ok(await call()), {
      rules: { failed: { retryForMs, backoff: callBackoff } },
      signal,
      verdictOf: (thrown) => {
        const error = thrown instanceof Error ? thrown : new Error(describeError(thrown));
        return this.#mayPass(error) ? again("failed", error) : fail(error);
      },
    });
  }

  /** Asks the engine about something; undefined when it has no such stream or consumer. */
  async found<T>(call: () => Promise<T>): Promise<T | undefined> {
    return this.untilAnswered(async () => {
      try {
        return await call();
      } catch (error) {
        if (this.#isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  #isMissing(error: unknown): boolean {
    const { JetStreamApiCodes, JetStreamApiError } = this.packages;
    if (!(error instanceof JetStreamApiError)) return false;
    return error.code === JetStreamApiCodes.StreamNotFound || error.code === JetStreamApiCodes.ConsumerNotFound;
  }

  /** Lets what was sent reach the engine, and lets go; does not wait long for one that is not there. */
  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    await Promise.race([this.connection.drain().catch(() => undefined), sleep(2000, undefined, { ref: false })]);
    await this.connection.close();
  }

  #mayPass(error: unknown): boolean {
    const { JetStreamApiError, errors } = this.packages;
    if (error instanceof JetStreamApiError) return error.status >= 500 || /maximum \w+ exceeded/.test(error.message);
    const { ClosedConnectionError, PermissionViolationError, AuthorizationError, InvalidArgumentError } = errors;
    return ![ClosedConnectionError, PermissionViolationError, AuthorizationError, InvalidArgumentError].some(
      (final) => error instanceof final,
    );
  }
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

async function credentialsOf(plugin: string, path: string, packages: Packages): Promise<NodeConnectionOptions> {
  try {
    return { authenticator: packages.credsAuthenticator(await readFile(path)) };
  } catch (error) {
    throw new OptionsError("ERR_OPTIONS", `${plugin}: credentials: ${path}: ${describeError(error)}`);
  }
}

function engineError(plugin: string, servers: string | string[], error: unknown): FlowError {
  const where = serversText(servers);
  const text = describeError(error);
  if (/authoriz|authentic|permission/i.test(text)) {
    return new FlowError("ERR_ENGINE_REFUSED", `${plugin}: the engine at ${where} refuses the connection: ${text}`);
  }
  if (/not enabled/i.test(text)) {
    const hint = "start it with JetStream: nats-server -js";
    return new FlowError("ERR_ENGINE_REFUSED", `${plugin}: the engine at ${where} has no JetStream; ${hint}`);
  }
  const hint = "is nats-server -js running there?";
  const options = { retryable: true, cause: error };
  return new FlowError(
    "ERR_ENGINE_UNREACHABLE",
    `${plugin}: no engine answers at ${where} (${text}); ${hint}`,
    options,
  );
}

function serversOf(servers: string | string[] | undefined): string | string[] {
  return servers ?? process.env.NATS_URL?.split(",").map((text) => text.trim()) ?? "nats://127.0.0.1:4222";
}

/** The servers for people, without credentials. */
export function serversText(servers: string | string[] | undefined): string {
  return [serversOf(servers)].flat().map(withoutUser).join(", ");
}

/** An address without what may stand before an `@`. */
function withoutUser(address: string): string {
  return address.replace(/\/\/[^@/]*@/, "//");
}
