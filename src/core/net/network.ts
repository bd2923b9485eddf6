/** The way to servers: which certificates a connection trusts. */

import type { SecureContext } from "node:tls";
import { Agent } from "./http.js";

/** The settings of the network that the connections of one client share. */
export class Network {
  /** What TLS connections trust; undefined for the default of Node.js. */
  readonly secureContext: SecureContext | undefined;
  /** Name of the file with the added authorities. */
  readonly caFile: string | undefined;
  #agent: Agent | undefined;

  constructor({ caFile, secureContext }: Partial<Pick<Network, "caFile" | "secureContext">> = {}) {
    this.caFile = caFile;
    this.secureContext = secureContext;
  }

  /** An agent for servers that get a credential. */
  get agent(): Agent {
    const { secureContext } = this;
    this.#agent ??= new Agent({ connections: 64, keepAliveTimeout: 10_000, connect: { secureContext } });
    return this.#agent;
  }

  async close(): Promise<void> {
    await this.#agent?.destroy();
    this.#agent = undefined;
  }
}
