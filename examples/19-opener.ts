/** An opener: photographs on a server that wants a token, and whose connections break off. The example serves them itself. */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { batch, connect, defineOpener, flow, fromIterable, InputError, upload } from "sluice";

const token = "example-token";
const folder = join(import.meta.dirname, "data/harbour");
const names = ["quay.jpg", "lighthouse.jpg", "missing.jpg"];

// The server: it sends 2000 bytes of what was asked for, and then breaks off.
let requests = 0;
const server = createServer((request, response) => {
  requests += 1;
  if (request.headers.authorization !== `Bearer ${token}`) return void response.writeHead(401).end();
  const [, first = "0", last = "0"] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "") ?? [];
  try {
    const bytes = readFileSync(join(folder, decodeURIComponent(request.url ?? ""))).subarray(
      Number(first),
      Number(last) + 1,
    );
    response.writeHead(206, { "content-length": bytes.length });
    response.write(bytes.subarray(0, 2000), () => (bytes.length > 2000 ? response.destroy() : response.end()));
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

// The opener: the token stays here, and is in no URI.
defineOpener({
  name: "intranet",
  scheme: "intranet",
  async *open(uri, { offset, length, signal }) {
    const range = `bytes=${offset}-${offset + length - 1}`;
    const headers = { authorization: `Bearer ${token}`, range };
    const answer = await fetch(base + uri.slice("intranet:".length), { headers, signal: signal ?? null });
    if (answer.status === 404) throw new InputError("ERR_NOT_THERE", `intranet: ${uri} does not exist`);
    if (answer.status !== 206 || !answer.body) throw new Error(`status ${answer.status}`);
    try {
      for await (const chunk of answer.body) yield chunk;
    } catch (cause) {
      throw Object.assign(new Error("the connection broke off", { cause }), { retryable: true });
    }
  },
});

const sizes: Record<string, number> = { "missing.jpg": 5000 };
for (const name of names.slice(0, 2)) sizes[name] = readFileSync(join(folder, name)).length;
const inputs = names.map((name) => ({
  id: name.replace(".", "-"),
  image: { uri: `intranet:${name}`, sizeBytes: sizes[name] ?? 0 },
}));

const app = await connect();
const report = await flow(fromIterable(inputs)).pipe(batch(), upload(app)).run();
console.log(report.summary());
console.log("requests:", requests);
server.close();
await app.close();
