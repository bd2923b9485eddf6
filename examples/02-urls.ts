/** Uploads URLs in two ways: by reference, so that the server fetches them, and with their bytes, which Sluice fetches. */

import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { batch, connect, flow, upload, urls } from "sluice";
import { startEmulator } from "sluice/emulator";

// A local web server and an emulator, so that the example needs no network.
const web = createServer((request, response) => {
  if (request.url === "/gone.jpg") response.writeHead(404).end();
  else createReadStream(join(import.meta.dirname, "data/harbour", request.url ?? "")).pipe(response);
}).listen(0, "127.0.0.1");
await once(web, "listening");
const site = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
const store = await startEmulator();
const app = await connect({ baseUrl: store.url, pat: "any" });

console.log("By reference:");
const byReference = await flow(urls([`${site}/quay.jpg`, `${site}/gone.jpg`]))
  .pipe(batch(), upload(app))
  .run();
console.log(byReference.summary());

console.log("\nFetched here (addresses that are not public have to be allowed):");
const fetched = await flow(urls([`${site}/cranes.jpg`], { fetch: true, allowPrivate: true }))
  .pipe(batch(), upload(app))
  .run();
console.log(fetched.summary());

await app.close();
await store.close();
web.close();
