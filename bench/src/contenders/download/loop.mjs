/** A typical hand-written loop: 8 downloads at a time, each streamed to its file; it checks nothing and retries nothing. */

import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Pool } from "undici";
import { listing } from "./listing.mjs";

const [, , out, base, kind, , extension] = process.argv;
const pool = new Pool(base, { connections: 8 });
const inputs = listing(pool, kind);

async function worker() {
  for (let { value } = await inputs.next(); value; value = (await inputs.next()).value) {
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: new URL(value.url).pathname,
      headers: { authorization: "Key bench" },
    });
    if (statusCode !== 200) throw new Error(`${value.url}: HTTP ${statusCode}`);
    await pipeline(body, createWriteStream(join(out, `${value.id}.${extension}`)));
  }
}
await Promise.all(Array.from({ length: 8 }, worker));
await pool.close();
