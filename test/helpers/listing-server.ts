/** A server that lists and deletes inputs, in the ways that a platform may choose and the emulator does not. */

import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { type App, connect } from "../../src/index.js";

export interface ListingServerOptions {
  /** Ids from the oldest to the newest. */
  ids: readonly string[];
  /** Order of a dataset's pages. Default: oldest first. */
  newestFirst?: boolean;
  /** Answer of the stream to a `last_id` that is gone: an error, an empty page, or the first page. Default: "refuse". */
  whenGone?: "refuse" | "empty" | "first";
  /** The last page is the answer to pages beyond the end, and `last_id` is ignored. */
  endless?: boolean;
  /** Called before each answer to a page of a listing, with the count of such requests; may change `ids`. */
  beforePage?: (count: number, ids: string[], lastId: string | null) => void;
  /** Deletions are accepted and never carried out, for these ids; with a code, the input then says so. */
  stuck?: ReadonlyMap<string, number | undefined>;
}

/** Starts the server and connects to it; both end with the test. */
export async function openListing(options: ListingServerOptions) {
  const ids = [...options.ids];
  const requests: string[] = [];
  const stuck = options.stuck ?? new Map<string, number | undefined>();
  const deleting = new Set<string>();
  let pages = 0;
  const shown = (id: string) => {
    const code = (deleting.has(id) && stuck.get(id)) || 30000;
    return { id, data: { text: { raw: `text of ${id}` } }, status: { code }, created_at: "2026-01-01T00:00:00Z" };
  };
  const page = (all: readonly string[], start: number, size: number) => all.slice(start, start + size).map(shown);

  function list(path: string, query: URLSearchParams): object | undefined {
    const size = Number(query.get("per_page") ?? 128);
    const asked = query.getAll("ids");
    if (path.endsWith("/inputs") && asked.length > 0)
      return {
        inputs: page(
          ids.filter((id) => asked.includes(id)),
          0,
          size,
        ),
      };
    pages += 1;
    options.beforePage?.(pages, ids, query.get("last_id"));
    if (path.includes("/datasets/")) {
      const all = options.newestFirst ? ids.toReversed() : ids;
      const number = Math.min(
        Number(query.get("page") ?? 1),
        options.endless ? Math.ceil(all.length / size) : Number.POSITIVE_INFINITY,
      );
      const inputs = page(all, (number - 1) * size, size);
      return { dataset_inputs: inputs.map((input) => ({ input })) };
    }
    const lastId = query.get("last_id");
    const at = lastId === null || options.endless ? -1 : ids.indexOf(lastId);
    if (lastId === null || at >= 0 || options.endless || options.whenGone === "first")
      return { inputs: page(ids, at + 1, size) };
    return options.whenGone === "empty" ? { inputs: [] } : undefined;
  }

  async function answer(request: IncomingMessage): Promise<[number, object]> {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://any");
    requests.push(`${request.method} ${pathname.replace(/^.*apps\/[^/]+/, "")}?${searchParams}`);
    if (request.method === "DELETE") {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const { ids: gone } = JSON.parse(String(Buffer.concat(chunks))) as { ids: string[] };
      setTimeout(() => {
        for (const id of gone) {
          deleting.add(id);
          if (!stuck.has(id) && ids.includes(id)) ids.splice(ids.indexOf(id), 1);
        }
      }, 3);
      return [200, {}];
    }
    const listed = list(pathname, searchParams);
    return listed ? [200, listed] : [404, { status: { code: 11101, description: "Resource does not exist" } }];
  }

  const server = createServer((request, response) => {
    void answer(request).then(([http, json]) =>
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
  return { app, ids, requests };
}
