/** A typical hand-written loop: 128 inputs in a request, 8 requests at a time; it checks every answer and retries nothing. */

import { createReadStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "csv-parse";
import { Pool } from "undici";

const [, , path, base, kind] = process.argv;
const pool = new Pool(base, { connections: 8 });

async function* batches() {
  const items = kind === "text" ? createReadStream(path).pipe(parse({ columns: true })) : await readdir(path);
  let batch = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < 128) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function inputOf(item) {
  if (kind === "text") return { id: item.inputid, data: { text: { raw: item.input } } };
  const bytes = await readFile(join(path, item));
  return { id: item.slice(0, item.lastIndexOf(".")), data: { image: { base64: bytes.toString("base64") } } };
}

const source = batches();
async function worker() {
  for (let { value } = await source.next(); value; value = (await source.next()).value) {
    const body = JSON.stringify({ inputs: await Promise.all(value.map(inputOf)) });
    const response = await pool.request({
      method: "POST",
      path: "/v2/users/me/apps/main/inputs",
      headers: { "content-type": "application/json", authorization: "Key bench" },
      body,
    });
    const { status } = await response.body.json();
    if (status.code !== 10000) throw new Error(`${status.code} ${status.description}`);
  }
}
await Promise.all(Array.from({ length: 8 }, worker));
await pool.close();
