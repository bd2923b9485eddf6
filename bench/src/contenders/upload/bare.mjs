/** The bare loop: synchronous reads, base64 into a reused buffer, 4 requests at a time; it checks nothing and retries nothing. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";

const [, , folder, base, kind] = process.argv;
const maxBytes = 8_000_000;
const open = 4;
const pool = new Pool(base, { connections: open });
const names = readdirSync(folder);
let next = 0;

async function worker() {
  let buffer = Buffer.allocUnsafeSlow(maxBytes + 4_000_000);
  while (next < names.length) {
    let used = buffer.write('{"inputs":[', "latin1");
    for (let count = 0; count < 128 && next < names.length && used < maxBytes; count += 1) {
      const id = next;
      next += 1;
      const text = readFileSync(join(folder, names[id]), "base64");
      if (used + text.length + 1000 > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(used + text.length + 1000);
        buffer.copy(larger, 0, 0, used);
        buffer = larger;
      }
      const comma = count > 0 ? "," : "";
      used += buffer.write(`${comma}{"id":"bare-${id}","data":{"${kind}":{"base64":"`, used, "latin1");
      used += buffer.write(text, used, "latin1");
      used += buffer.write('"}}}', used, "latin1");
    }
    used += buffer.write("]}", used, "latin1");
    const response = await pool.request({
      method: "POST",
      path: "/v2/users/me/apps/main/inputs",
      headers: { "content-type": "application/json", authorization: "Key bench" },
      body: buffer.subarray(0, used),
    });
    await response.body.dump();
  }
}
await Promise.all(Array.from({ length: open }, worker));
await pool.close();
