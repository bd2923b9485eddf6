/** A server that answers at once: it counts what it gets, keeps nothing, and accepts everything. */

import { createServer } from "node:http";

const delayMs = Number(process.env.DELAY_MS ?? 0);
let requests = 0;
let bytes = 0;
let posts = 0;
let inputs = 0;
const jobs = new Map();
const needle = Buffer.from('{"id":"');

function answer(response, body, status = 200) {
  const text = JSON.stringify(body);
  const send = () => {
    response.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
    response.end(text);
  };
  if (delayMs > 0) setTimeout(send, delayMs);
  else send();
}

const ok = { code: 10000, description: "Ok" };
const server = createServer((request, response) => {
  if (request.url === "/stats") {
    answer(response, { requests, posts, bytes, inputs, jobs: jobs.size });
    return;
  }
  if (request.url === "/reset") {
    requests = posts = bytes = inputs = 0;
    jobs.clear();
    answer(response, {});
    return;
  }
  requests += 1;
  if (request.method === "POST" && /\/inputs$/.test(request.url)) {
    posts += 1;
    const ids = [];
    let head = "";
    request.on("data", (chunk) => {
      bytes += chunk.length;
      if (head.length < 200) head += chunk.toString("latin1", 0, 200);
      for (let at = chunk.indexOf(needle); at !== -1; at = chunk.indexOf(needle, at + 7)) {
        const end = chunk.indexOf(34, at + 7);
        if (end !== -1) ids.push(chunk.toString("latin1", at + 7, end));
      }
    });
    request.on("end", () => {
      const job = /"inputs_add_job_id":"([^"]+)"/.exec(head)?.[1];
      inputs += ids.length;
      if (job) jobs.set(job, (jobs.get(job) ?? 0) + ids.length);
      answer(response, {
        status: ok,
        inputs: ids.map((id) => ({ id, status: { code: 30001, description: "Download pending" } })),
      });
    });
    return;
  }
  request.resume();
  request.on("end", () => {
    const job = /\/inputs\/jobs\/add\/([^/?]+)/.exec(request.url)?.[1];
    if (job) {
      answer(response, {
        status: ok,
        inputs_add_job: { id: job, progress: { success_count: jobs.get(job) ?? 0 }, status: { code: 64002 } },
      });
    } else answer(response, { status: ok, inputs: [] });
  });
});
server.requestTimeout = 0;
server.listen(Number(process.argv[2] ?? 0), "127.0.0.1", () => {
  process.stdout.write(`${server.address().port}\n`);
});
