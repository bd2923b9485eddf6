/** A server of its own beside the emulator: it accepts inputs, refuses some requests, and counts the requests that come before their time. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { seededRandom } from "../../src/emulator/server/faults.js";

/** A refusal: its HTTP status, its body and the end of the wait that it asks for. */
export interface RefusalAnswer {
  http: number;
  json?: object;
  headers?: Record<string, string>;
  /** How long no request may come, in milliseconds from now. */
  waitMs?: number;
}

export interface RefusingServerOptions {
  /** Decides about a request; undefined accepts it. */
  refuse: (request: IncomingMessage, count: number) => RefusalAnswer | undefined;
  /** Status of an input by its number of earlier POSTs. Default: accepted and processed at once. */
  statusOf?: (id: string, posts: number) => object;
}

const success = { code: 10000, description: "Ok" };
const inputSuccess = { code: 30000, description: "Download complete" };
/** Requests that were on their way when the refusal was sent are not early. */
const underWayMs = 500;

export class RefusingServer {
  readonly inputs = new Map<string, object>();
  /** Inputs that were sent although they existed. */
  duplicates = 0;
  requests = 0;
  refused = 0;
  early = 0;
  readonly #posts = new Map<string, number>();
  readonly #jobs = new Map<string, number>();
  readonly #options: RefusingServerOptions;
  readonly #server = createServer((request, response) => void this.#handle(request, response));
  /** No request may come after `from` and before `until`. */
  #quiet = { from: 0, until: 0 };

  constructor(options: RefusingServerOptions) {
    this.#options = options;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests += 1;
    // A server before this one may have held the request for a moment.
    const now = Number(request.headers["x-received-at"] ?? performance.now());
    if (now > this.#quiet.from && now < this.#quiet.until) this.early += 1;
    const refusal = this.#options.refuse(request, this.requests);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (refusal) {
      const { http, json = { status: { code: 11005, description: "Throttled" } }, headers = {}, waitMs = 0 } = refusal;
      this.refused += 1;
      response.writeHead(http, { "content-type": "application/json", ...headers }).end(JSON.stringify(json));
      const until = performance.now() + waitMs;
      if (until > this.#quiet.until) this.#beQuiet(until);
      return;
    }
    const answer = this.#answer(request, String(Buffer.concat(chunks)));
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status: success, ...answer }));
  }

  #beQuiet(until: number): void {
    const quiet = { from: Number.POSITIVE_INFINITY, until };
    this.#quiet = quiet;
    // If this process stood still, what had arrived by then is read after the timers and before the immediates.
    const begin = () => setImmediate(() => (quiet.from = performance.now()));
    setTimeout(begin, underWayMs).unref();
  }

  #answer(request: IncomingMessage, body: string): object {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://any");
    const job = /\/inputs\/jobs\/add\/([^/]+)$/.exec(pathname)?.[1];
    if (job !== undefined) {
      const progress = {
        success_count: this.#jobs.get(job) ?? 0,
        failed_count: 0,
        pending_count: 0,
        in_progress_count: 0,
      };
      return { inputs_add_job: { id: job, progress, status: { code: 24900 } } };
    }
    if (pathname.endsWith("/inputs") && request.method === "POST") return this.#add(body);
    if (!pathname.endsWith("/inputs")) return {};
    const ids = searchParams.getAll("ids").flatMap((id) => id.split(","));
    return { inputs: ids.flatMap((id) => this.inputs.get(id) ?? []) };
  }

  #add(body: string): object {
    const { inputs, inputs_add_job_id: job } = JSON.parse(body) as {
      inputs: { id: string }[];
      inputs_add_job_id: string;
    };
    const answers = inputs.map((input) => {
      const posts = this.#posts.get(input.id) ?? 0;
      this.#posts.set(input.id, posts + 1);
      const status = this.#options.statusOf?.(input.id, posts) ?? inputSuccess;
      if ((status as { code: number }).code !== 30000) return { id: input.id, status };
      if (this.inputs.has(input.id)) this.duplicates += 1;
      const stored = { ...input, status };
      this.inputs.set(input.id, stored);
      this.#jobs.set(job, (this.#jobs.get(job) ?? 0) + 1);
      return stored;
    });
    return { inputs: answers };
  }
}

/** Refuses a share of the requests at random, and asks for a wait of `seconds` as a number or as a date; without a wait if undefined. */
export function refusesAtRandom(
  share: number,
  seconds?: number,
  asDate = false,
  seed = 1,
): RefusingServerOptions["refuse"] {
  const random = seededRandom(seed);
  return () => {
    if (random() >= share) return undefined;
    if (seconds === undefined) return { http: 429 };
    if (!asDate) return { http: 429, headers: { "retry-after": String(seconds) }, waitMs: seconds * 1000 };
    const at = Math.floor((Date.now() + seconds * 1000) / 1000) * 1000;
    const headers = { date: new Date().toUTCString(), "retry-after": new Date(at).toUTCString() };
    return { http: 429, headers, waitMs: at - Date.now() };
  };
}
