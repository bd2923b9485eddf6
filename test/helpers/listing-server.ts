/** A server that lists and deletes inputs in ways that a platform may choose and the emulator does not. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type App, connect } from "../../src/index.js";

export interface ListingServerOptions {
  /** Ids from the oldest to the newest. */
  ids: readonly string[];
  /** Order of a dataset's pages. Default: oldest first. */
  newestFirst?: boolean;
  /** Answer of the stream to a `last_id` that no longer exists: an error, an empty page, or the first page. Default: "refuse". */
  whenGone?: "refuse" | "empty" | "first";
  /** Answers pages beyond the end with the last page, and ignores `last_id`. */
  endless?: boolean;
  /** Called before each answer with a page of a listing, with the number of such requests; may change `ids`. */
  beforePage?: (count: number, ids: string[], lastId: string | null) => void;
  /** Ids whose deletion is accepted and never carried out. With a code, the input has this status afterwards. */
  stuck?: ReadonlyMap<string, number | undefined>;
}

/** The state of the server, and its answers. */
class Listing {
  readonly ids: string[];
  readonly requests: string[] = [];
  readonly #options: ListingServerOptions;
  readonly #stuck: ReadonlyMap<string, number | undefined>;
  readonly #deleting = new Set<string>();
  #pages = 0;

  constructor(options: ListingServerOptions) {
    this.#options = options;
    this.ids = [...options.ids];
    this.#stuck = options.stuck ?? new Map<string, number | undefined>();
  }

  async answer(request: IncomingMessage): Promise<[number, object]> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://any");
    this.requests.push(`${request.method} ${pathname.replace(/^.*apps\/[^/]+/, "")}?${searchParams}`);
    if (request.method === "DELETE") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { ids } = JSON.parse(String(Buffer.concat(chunks))) as { ids: string[] };
      setTimeout(() => this.#delete(ids), 3);
      return [200, {}];
    }
    const listed = this.#list(pathname, searchParams);
    return listed ? [200, listed] : [404, { status: { code: 11101, description: "Resource does not exist" } }];
  }

  #delete(ids: readonly string[]): void {
    for (const id of ids) {
      this.#deleting.add(id);
      if (!this.#stuck.has(id) && this.ids.includes(id)) this.ids.splice(this.ids.indexOf(id), 1);
    }
  }

  #list(path: string, query: URLSearchParams): object | undefined {
    const size = Number(query.get("per_page") ?? 128);
    const onlyIds = query.getAll("ids");
    if (path.endsWith("/inputs") && onlyIds.length > 0) {
      const matching = this.ids.filter((id) => onlyIds.includes(id));
      return { inputs: this.#page(matching, 0, size) };
    }
    this.#pages += 1;
    this.#options.beforePage?.(this.#pages, this.ids, query.get("last_id"));
    return path.includes("/datasets/") ? this.#datasetPage(query, size) : this.#streamPage(query, size);
  }

  #datasetPage(query: URLSearchParams, size: number): object {
    const { newestFirst, endless } = this.#options;
    const all = newestFirst ? this.ids.toReversed() : this.ids;
    const lastPage = endless ? Math.ceil(all.length / size) : Number.POSITIVE_INFINITY;
    const number = Math.min(Number(query.get("page") ?? 1), lastPage);
    const inputs = this.#page(all, (number - 1) * size, size);
    return { dataset_inputs: inputs.map((input) => ({ input })) };
  }

  #streamPage(query: URLSearchParams, size: number): object | undefined {
    const { endless, whenGone } = this.#options;
    const lastId = endless ? null : query.get("last_id");
    const index = lastId === null ? -1 : this.ids.indexOf(lastId);
    const isFirst = lastId === null || whenGone === "first";
    if (index >= 0 || isFirst) return { inputs: this.#page(this.ids, index + 1, size) };
    return whenGone === "empty" ? { inputs: [] } : undefined;
  }

  #page(ids: readonly string[], start: number, size: number): object[] {
    return ids.slice(start, start + size).map((id) => {
      const code = (this.#deleting.has(id) && this.#stuck.get(id)) || 30000;
      return { id, data: { text: { raw: `text of ${id}` } }, status: { code }, created_at: "2026-01-01T00:00:00Z" };
    });
  }
}

/** Starts the server and connects to it. Closes both after the test. */
export async function openListing(options: ListingServerOptions) {
  const listing = new Listing(options);
  const server = createServer((request, response) => {
    void listing
      .answer(request)
      .then(([http, json]) =>
        response
          .writeHead(http, { "content-type": "application/json" })
          .end(JSON.stringify({ status: { code: 10000, description: "Ok" }, ...json })),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const app: App = await connect({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, pat: "any" });
  onTestFinished(async () => {
    await app.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => void server.close(() => resolve()));
  });
  return { app, ids: listing.ids, requests: listing.requests };
}
