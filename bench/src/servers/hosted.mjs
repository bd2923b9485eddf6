/** An Inputs API over HTTP that lists the files of a folder and serves their bytes, all from memory. */

import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { announce, counts, host } from "./serve.mjs";

const [, , folder, kind] = process.argv;
const names = readdirSync(folder);
const files = new Map(names.map((name) => [name, readFileSync(join(folder, name))]));
const ids = names.map((name) => name.slice(0, name.lastIndexOf(".")));
const positions = new Map(ids.map((id, index) => [id, index]));
const path = `users/me/apps/main/inputs/${kind}`;

/** Returns the part of an answer that a route has: inputs page by page or by their ids, and no annotations and datasets. */
function listed({ origin, pathname, searchParams: query }) {
  if (pathname.endsWith("/annotations")) return { annotations: [] };
  if (pathname.endsWith("/datasets")) return { datasets: [] };
  if (pathname.endsWith("/inputs/status")) return { counts: { processed: ids.length } };
  const start = (positions.get(query.get("last_id")) ?? -1) + 1;
  const wanted = query.has("ids")
    ? query.getAll("ids").map((id) => positions.get(id))
    : [...ids.keys()].slice(start, start + Number(query.get("per_page") ?? 20));
  return { inputs: wanted.filter((position) => position !== undefined).map((position) => inputAt(position, origin)) };
}

function inputAt(position, base) {
  const suffix = `${path}/${names[position]}`;
  const hosted = { prefix: `${base}/media`, suffix, sizes: ["orig"], crossorigin: "use-credentials" };
  const data = { [kind]: { url: `${base}/media/orig/${suffix}`, hosted } };
  return { id: ids[position], data, status: { code: 30000, description: "Download complete" } };
}

const server = createServer((request, response) => {
  const url = new URL(request.url, `http://${request.headers.host}`);
  counts.requests += 1;
  const bytes = files.get(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
  if (!bytes) {
    const text = JSON.stringify({ status: { code: 10000, description: "Ok" }, ...listed(url) });
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
    return;
  }
  response.writeHead(200, { "content-type": "application/octet-stream", "content-length": bytes.length });
  response.end(bytes, () => {
    counts.inputs += 1;
    counts.bytes += bytes.length;
  });
});
server.requestTimeout = 0;
server.keepAliveTimeout = 60_000;
server.listen(0, host, () => announce(server.address().port));
