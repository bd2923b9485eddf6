/** Watches a folder, and uploads each file when it is completely written. This example stops after three files. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, flow, folder, type Health, upload } from "sluice";

const inbox = await mkdtemp(join(tmpdir(), "sluice-inbox-"));
const app = await connect();
const stop = new AbortController();
const seen = new Set<Health>();
let arrived = 0;

await writeFile(join(inbox, "first.txt"), "was there before");
const report = await flow(folder(inbox, { watch: { everyMs: 100, quietMs: 200 } }))
  .pipe(batch({ maxWaitMs: 100 }), upload(app))
  .run({
    signal: stop.signal, // in a service: handleSignals: true, which also handles SIGTERM
    onProgress: async ({ health, counts }) => {
      seen.add(health);
      if (counts.ok === 3) stop.abort();
      if (health !== "idle" || counts.ok <= arrived) return;
      arrived = counts.ok;
      console.log(`${arrived} ok, idle`);
      await writeFile(join(inbox, `later-${arrived}.txt`), `came when ${arrived} were there`);
    },
  });

console.log(report.summary(), [...seen].sort());
await app.close();
await rm(inbox, { recursive: true });
