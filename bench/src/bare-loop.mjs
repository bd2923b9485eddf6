/** The limit: reads synchronously, encodes into a reused buffer and posts, four at a time; no checks, no retries, answers unread. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Pool } from "undici";

const [, , folder, port, maxText = "8000000", openText = "4"] = process.argv;
const maxBytes = Number(maxText);
const pool = new Pool(`http://127.0.0.1:${port}`, { connections: Number(openText), pipelining: 1 });
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.startsWith("."))
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
let next = 0;

async function worker() {
  let buffer = Buffer.allocUnsafeSlow(maxBytes + 4_000_000);
  while (next < files.length) {
    let used = buffer.write('{"inputs_add_job_id":"bare","inputs":[', 0, "latin1");
    for (let count = 0; count < 128 && next < files.length && used < maxBytes; count += 1) {
      const path = files[next];
      next += 1;
      const bytes = readFileSync(path);
      const text = bytes.toString("base64");
      if (used + text.length + 1000 > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(used + text.length + 100_000);
        buffer.copy(larger, 0, 0, used);
        buffer = larger;
      }
      used += buffer.write(`${count > 0 ? "," : ""}{"id":"bare-${next}","data":{"image":{"base64":"`, used, "latin1");
      used += buffer.write(text, used, "latin1");
      used += buffer.write('"}}}', used, "latin1");
    }
    used += buffer.write("]}", used, "latin1");
    const body = buffer.subarray(0, used);
    const response = await pool.request({
      method: "POST",
      path: "/v2/users/me/apps/main/inputs",
      headers: { "content-type": "application/json", authorization: "Key bench" },
      body,
    });
    await response.body.dump();
  }
}
await Promise.all(Array.from({ length: Number(openText) }, worker));
await pool.close();
