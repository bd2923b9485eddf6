/** The upper limit: posts a prepared request from memory as often as the set needs. Only the posting is measured. */

import { createReadStream, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "csv-parse";
import { Pool } from "undici";
import { measured } from "../../usage.mjs";

const [, , path, base, kind, countText] = process.argv;
const maxBytes = 8_000_000;
const open = 4;
const inputs = kind === "text" ? await firstRows() : firstFiles();
const bodyOf = (count) => Buffer.from(`{"inputs":[${inputs.slice(0, count).join(",")}]}`);
const full = bodyOf(inputs.length);
const left = Number(countText) % inputs.length;
const bodies = Array(Math.floor(Number(countText) / inputs.length)).fill(full);
if (left > 0) bodies.push(bodyOf(left));

async function firstRows() {
  const rows = await createReadStream(path)
    .pipe(parse({ columns: true, to: 128 }))
    .toArray();
  return rows.map(({ inputid, input }) => JSON.stringify({ id: inputid, data: { text: { raw: input } } }));
}

function firstFiles() {
  const made = [];
  let bytes = 0;
  for (const [index, name] of readdirSync(path).entries()) {
    if (made.length === 128 || bytes >= maxBytes) break;
    const base64 = readFileSync(join(path, name), "base64");
    made.push(JSON.stringify({ id: `raw-${index}`, data: { [kind]: { base64 } } }));
    bytes += base64.length;
  }
  return made;
}

const pool = new Pool(base, { connections: open });
async function worker() {
  for (let body = bodies.pop(); body; body = bodies.pop()) {
    const response = await pool.request({
      method: "POST",
      path: "/v2/users/me/apps/main/inputs",
      headers: { "content-type": "application/json", authorization: "Key bench" },
      body,
    });
    await response.body.dump();
  }
}
const started = performance.now();
const cpuBefore = process.cpuUsage();
await Promise.all(Array.from({ length: open }, worker));
const { user, system } = process.cpuUsage(cpuBefore);
measured.seconds = (performance.now() - started) / 1000;
measured.cpuSeconds = (user + system) / 1e6;
await pool.close();
