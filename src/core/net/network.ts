/** The way to servers: the certificates that a connection trusts, and its proxy. */

import type { SecureContext } from "node:tls";
import type { Dispatcher } from "undici";
import { Agent, buildConnector, type Connector, Pool } from "./http.js";
import { forwarding } from "./proxy/forwarding.js";
import type { ProxyFor } from "./proxy/proxies.js";
import { throughProxies } from "./proxy/tunnel.js";

/** Longest time to make a connection, in milliseconds. */
const connectTimeoutMs = 10_000;

export interface NetworkOptions {
  /** Name of the file with the added authorities. */
  caFile?: string | undefined;
  /** What TLS connections trust. Default: that of Node.js. */
  secureContext?: SecureContext | undefined;
  /** Default: no proxies. */
  proxyFor?: ProxyFor | undefined;
}

/** The settings of the network that the connections of one client share. */
export class Network {
  readonly caFile: string | undefined;
  readonly secureContext: SecureContext | undefined;
  readonly #proxyFor: ProxyFor | undefined;
  readonly #open = new Set<Dispatcher>();
  #agent: Dispatcher | undefined;

  constructor({ caFile, secureContext, proxyFor }: NetworkOptions = {}) {
    this.caFile = caFile;
    this.secureContext = secureContext;
    this.#proxyFor = proxyFor;
  }

  /** Finds the proxy of a server. */
  proxyFor(url: URL): ReturnType<ProxyFor> {
    return this.#proxyFor?.(url);
  }

  /**
   * Opens the connections to one server.
   *
   * @internal
   */
  pool(origin: string, options: ConstructorParameters<typeof Pool>[1]): Dispatcher {
    const pool = new Pool(origin, { ...options, connect: this.#connector() });
    this.#open.add(pool);
    return this.proxyFor(new URL(origin)) ? forwarding(pool, (url) => this.proxyFor(url), origin) : pool;
  }

  /**
   * An agent for servers that get a credential.
   *
   * @internal
   */
  get agent(): Dispatcher {
    if (this.#agent) return this.#agent;
    const agent = new Agent({ connections: 64, keepAliveTimeout: 10_000, connect: this.#connector() });
    this.#open.add(agent);
    this.#agent = this.#proxyFor ? forwarding(agent, this.#proxyFor) : agent;
    return this.#agent;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map((dispatcher) => dispatcher.destroy()));
    this.#open.clear();
  }

  #connector(): Connector {
    const { secureContext } = this;
    const direct = buildConnector({ timeout: connectTimeoutMs, ...(secureContext && { secureContext }) });
    return this.#proxyFor ? throughProxies(this.#proxyFor, direct, secureContext) : direct;
  }
}
