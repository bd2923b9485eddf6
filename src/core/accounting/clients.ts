/** The clients that send the requests of a run: their traffic, their rates and their credentials. */

import type { Network } from "../net/network.js";
import type { Shard } from "../shard/shard.js";
import type { SharedRateLimiter } from "./shared-rate-limiter.js";

/** Requests and bytes of a client. */
export interface Traffic {
  requests: number;
  /** Requests that were retries. */
  retries: number;
  /** Requests that the server refused for its rate limit. */
  throttled: number;
  bytesSent: number;
  bytesReceived: number;
}

/** A client whose requests a run counts. */
export interface RunClient {
  readonly counts: Traffic;
  readonly pacer?: { readonly perSecond: number; readonly limit: number; readonly downForMs: number | undefined };
  /** Describes what its requests wait for, if they wait. */
  waits?(): string | undefined;
  /** Makes the client acquire a slot of the limiter before each request; undefined ends that. */
  shareRateLimiter?(limiter: SharedRateLimiter | undefined): void;
  /** Divides the rate of the account among shards until the returned function is called. */
  divideRate?(shard: Shard): () => void;
}

/** The credential that goes to one server. */
export interface Credential {
  /** Headers that carry it. */
  headers: Readonly<Record<string, string>>;
  /** Whether the URL belongs to the app of the credential; several apps may share a server. */
  isOwner: boolean;
  /** The way to the server. Default: direct, with the authorities of Node.js. */
  network?: Network | undefined;
  /** The next step if an unknown authority issued the certificate of the server. */
  authorityStep?: string | undefined;
}

/** Returns the credential for a server that a client trusts; undefined for all others. */
export type Authorize = (url: URL) => Credential | undefined;

interface Watched {
  client: RunClient;
  /** Its counts when the run began to use it: other runs may share the client. */
  before: Traffic;
}

/** All clients of one run. */
export class Clients {
  readonly #watched = new Map<Traffic, Watched>();
  readonly #trusted = new Set<Authorize>();
  #limiter: SharedRateLimiter | undefined;
  /** Set before the clients are known. */
  shard: Shard | undefined;
  /** Clients whose rate is divided, and the functions that end it. */
  readonly #divided = new Map<RunClient, () => void>();

  /** Counts what `client` sends from now on. Calling it again for the same client changes nothing. */
  watch(client: RunClient): void {
    if (this.#watched.has(client.counts)) return;
    this.#watched.set(client.counts, { client, before: { ...client.counts } });
    if (this.#limiter) client.shareRateLimiter?.(this.#limiter);
    this.pace(client);
  }

  /** Divides the rate of a client among the shards of the run, without counting its traffic. */
  pace(client: RunClient): void {
    if (!this.shard || !client.divideRate || this.#divided.has(client)) return;
    this.#divided.set(client, client.divideRate(this.shard));
  }

  /** Makes the clients of this run share the rate of their accounts with other processes; undefined ends that. */
  shareRateLimiter(limiter: SharedRateLimiter | undefined): void {
    this.#limiter = limiter;
    for (const { client } of this.#watched.values()) client.shareRateLimiter?.(limiter);
  }

  /** Ends the sharing of rates. */
  close(): void {
    for (const end of this.#divided.values()) end();
    this.#divided.clear();
    if (this.#limiter) this.shareRateLimiter(undefined);
  }

  /** Lets the sinks of this run use a credential for the servers that its client trusts. */
  trust(authorize: Authorize): void {
    this.#trusted.add(authorize);
  }

  /** Finds the credential for the server of `url`; of several, the one of the app that owns the URL. */
  authorize(url: URL): Credential | undefined {
    const credentials = [...this.#trusted].flatMap((authorize) => authorize(url) ?? []);
    return credentials.find(({ isOwner }) => isOwner) ?? credentials[0];
  }

  /** Describes what the clients wait for. */
  get waits(): string[] {
    return [...this.#watched.values()].flatMap(({ client }) => client.waits?.() ?? []);
  }

  /** Traffic of the clients since the run began to use them. */
  get traffic(): Traffic {
    const sum: Traffic = { requests: 0, retries: 0, throttled: 0, bytesSent: 0, bytesReceived: 0 };
    for (const [now, { before }] of this.#watched) {
      for (const key of Object.keys(sum) as (keyof Traffic)[]) sum[key] += now[key] - before[key];
    }
    return sum;
  }

  /** The current pacing: the summed rates and limits of the clients, and the longest time for which a server has been down. */
  get pacing(): { perSecond: number; limit: number; downForMs: number } {
    const sum = { perSecond: 0, limit: 0, downForMs: 0 };
    for (const { client } of this.#watched.values()) {
      sum.perSecond += client.pacer?.perSecond ?? Number.POSITIVE_INFINITY;
      sum.limit += client.pacer?.limit ?? 0;
      sum.downForMs = Math.max(sum.downForMs, client.pacer?.downForMs ?? 0);
    }
    if (this.#watched.size === 0) sum.perSecond = Number.POSITIVE_INFINITY;
    return sum;
  }

  /** The time that the requests so far take at the known rates, in milliseconds; undefined if a rate is unknown. */
  get pacedMs(): number | undefined {
    let sum = 0;
    for (const [now, { client, before }] of this.#watched) {
      const perSecond = client.pacer?.perSecond ?? Number.POSITIVE_INFINITY;
      const requests = now.requests - before.requests;
      if (requests > 0 && perSecond === Number.POSITIVE_INFINITY) return undefined;
      if (requests > 0) sum += (requests / perSecond) * 1000;
    }
    return sum;
  }
}
