/** Web servers that send parts of a file. */

import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";

/** Starts a server until the end of the test, and returns its address. */
export async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Answers with ranges of the bytes, and with the entity tag that `tag` returns. */
export function withRanges(bytes: Buffer, tag = () => "1"): RequestListener {
  return ({ headers }, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const end = Math.min(Number(last), bytes.length - 1);
    const part = bytes.subarray(Number(first), end + 1);
    const range = `bytes ${first}-${end}/${bytes.length}`;
    response.writeHead(206, { etag: `"${tag()}"`, "content-length": part.length, "content-range": range });
    response.end(part);
  };
}
