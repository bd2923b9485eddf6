/** The hand-written loop, which also computes the SHA-256 of each file and writes a list of them at the end. */

import { createHash } from "node:crypto";
import { createWriteStream, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { Pool } from "undici";
import { listing } from "./listing.mjs";

const [, , out, base, kind, , extension] = process.argv;
const pool = new Pool(base, { connections: 8 });
const inputs = listing(pool, kind);
const lines = [];

async function worker() {
  for (let { value } = await inputs.next(); value; value = (await inputs.next()).value) {
    const { statusCode, body } = await pool.request({
      method: "GET",
      path: new URL(value.url).pathname,
      headers: { authorization: "Key bench" },
    });
    if (statusCode !== 200) throw new Error(`${value.url}: HTTP ${statusCode}`);
    const hash = createHash("sha256");
    body.on("data", (chunk) => hash.update(chunk));
    await pipeline(body, createWriteStream(join(out, `${value.id}.${extension}`)));
    lines.push(`${hash.digest("hex")}  ${value.id}.${extension}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, worker));
writeFileSync(join(out, "SHA256SUMS"), lines.join(""));
await pool.close();
