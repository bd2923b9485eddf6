/** Uploads a folder in four shares, which need no coordinator, and adds their reports. On real machines, each share is a process of its own. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, flow, folder, journalReport, upload } from "sluice";

const app = await connect();
const work = await mkdtemp(join(tmpdir(), "sluice-shards-"));
const journalOf = (n: number) => join(work, `photos-${n}.journal`);

/** What the process of one shard does. Its number comes from the scheduler: `shard: "auto/4"` in a Kubernetes Job or a Slurm job array. */
async function uploadShard(n: number) {
  const photos = folder(join(import.meta.dirname, "data"), { shard: `${n}/4`, kinds: ["image"] });
  return flow(photos)
    .pipe(batch(), upload(app))
    .run({ journal: journalOf(n) });
}

for (const report of await Promise.all([uploadShard(1), uploadShard(2), uploadShard(3)])) {
  console.log("shard:", report.summary());
}
const journals = [1, 2, 3, 4].map(journalOf);
console.log("three of four:", (await journalReport(journals)).summary());

await uploadShard(4);
const whole = await journalReport(journals);
console.log("all of it:", whole.summary());

await rm(work, { recursive: true });
await app.close();
process.exitCode = whole.exitCode;
