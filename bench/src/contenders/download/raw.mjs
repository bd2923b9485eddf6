/** The upper limit: lists all inputs first, then fetches 8 at a time and discards the bytes. Only the fetching is measured. */

import { Pool } from "undici";
import { measured } from "../../usage.mjs";
import { listing } from "./listing.mjs";

const [, , , base, kind] = process.argv;
const pool = new Pool(base, { connections: 8 });
const paths = [];
for await (const { url } of listing(pool, kind)) paths.push(new URL(url).pathname);

async function worker() {
  for (let path = paths.pop(); path; path = paths.pop()) {
    const { body } = await pool.request({ method: "GET", path, headers: { authorization: "Key bench" } });
    for await (const _ of body);
  }
}
const started = performance.now();
const cpuBefore = process.cpuUsage();
await Promise.all(Array.from({ length: 8 }, worker));
const { user, system } = process.cpuUsage(cpuBefore);
measured.seconds = (performance.now() - started) / 1000;
measured.cpuSeconds = (user + system) / 1e6;
await pool.close();
