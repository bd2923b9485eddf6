/** An Inputs API over HTTP that answers at once: it reads the ids of the inputs, discards the rest, and accepts every input. */

import { createServer } from "node:http";
import { announce, counts, host } from "./serve.mjs";

const before = Buffer.from('{"id":"');
const quote = '"'.charCodeAt(0);
const ok = '"status":{"code":10000,"description":"Ok"}';

/** Reads the ids from a body, chunk by chunk; an id at the end of a chunk waits for the next chunk. */
function idReader() {
  const ids = [];
  let rest;
  const take = (chunk) => {
    const text = rest ? Buffer.concat([rest, chunk]) : chunk;
    rest = undefined;
    let at = text.indexOf(before);
    for (; at !== -1; at = text.indexOf(before, at + before.length)) {
      const end = text.indexOf(quote, at + before.length);
      if (end === -1) break;
      ids.push(text.toString("latin1", at + before.length, end));
    }
    if (at === -1) at = text.indexOf("{", text.length - before.length + 1);
    if (at !== -1) rest = Buffer.from(text.subarray(at));
  };
  return { ids, take };
}

const server = createServer((request, response) => {
  const { ids, take } = idReader();
  counts.requests += 1;
  request.on("data", (chunk) => {
    counts.bytes += chunk.length;
    take(chunk);
  });
  request.on("end", () => {
    counts.inputs += ids.length;
    const inputs = ids.map((id) => `{"id":"${id}","status":{"code":30000,"description":"Download complete"}}`);
    const body = `{${ok},"inputs":[${inputs.join(",")}]}`;
    response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
    response.end(body);
  });
});
server.requestTimeout = 0;
server.listen(0, host, () => announce(server.address().port));
