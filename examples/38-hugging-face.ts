/** A dataset of the Hugging Face hub. The example serves the hub itself; leave out `endpoint` for the real one. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { batch, connect, flow, huggingFace, upload } from "sluice";

// The hub: it names the commit of the main branch, lists the files, and sends parts of them.
const commit = "5ab3c6cf1f2f2b8fd9a8a70f4b5b6a1f6a3f2d10";
const path = "data/train-00000-of-00001.parquet";
const bytes = readFileSync(join(import.meta.dirname, "tables/boats.parquet"));
const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "", "http://127.0.0.1");
  const json = (value: unknown) =>
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
  if (pathname === "/api/datasets/harbour/boats/revision/main") return json({ id: "harbour/boats", sha: commit });
  if (pathname === `/api/datasets/harbour/boats/tree/${commit}`)
    return json([{ type: "file", path, size: bytes.length, oid: "1" }]);
  if (pathname !== `/datasets/harbour/boats/resolve/${commit}/${path}`) return response.writeHead(404).end();
  const [, first = "0", last = "0"] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
  const part = bytes.subarray(Number(first), Number(last) + 1);
  const range = `bytes ${first}-${Number(first) + part.length - 1}/${bytes.length}`;
  return response.writeHead(206, { "content-range": range }).end(part);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

const app = await connect();
const boats = huggingFace("harbour/boats", { split: "train", text: "caption", endpoint, token: false });
for (const { id, text, metadata } of await flow(boats).toArray()) console.log(id, text, metadata);
console.log((await flow(boats).pipe(batch(), upload(app)).run()).summary());
server.close();
await app.close();
