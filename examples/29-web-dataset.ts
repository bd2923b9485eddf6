/** WebDataset shards: the files that share a key become one input with caption, metadata and class. The example makes the shards itself. */

import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, flow, listInputs, upload, webDataset } from "sluice";

const folder = mkdtempSync(join(tmpdir(), "sluice-shards-"));
for (const [shard, photo, caption] of [
  ["000", "lighthouse", "a lighthouse at noon"],
  ["001", "quay", "boats at the quay"],
]) {
  const files = join(folder, `files-${shard}`);
  mkdirSync(files);
  copyFileSync(join(import.meta.dirname, `data/harbour/${photo}.jpg`), join(files, `${photo}.jpg`));
  writeFileSync(join(files, `${photo}.txt`), caption ?? "");
  writeFileSync(join(files, `${photo}.json`), JSON.stringify({ source: "example", shard }));
  writeFileSync(join(files, `${photo}.cls`), "1");
  writeFileSync(join(files, `${photo}.npy`), "an embedding");
  execFileSync("tar", ["-cf", join(folder, `data-${shard}.tar`), "-C", files, "."]);
}

const app = await connect();
const shards = webDataset(join(folder, "data-{000..001}.tar"), { classes: ["town", "harbour"] });
const report = await flow(shards).pipe(batch(), upload(app)).run();
console.log(report.summary());
for await (const { id, text, metadata, concepts } of flow(listInputs(app))) {
  if (metadata.source !== "example") continue;
  console.log(`${id}: "${text}" from shard ${metadata.shard}, ${concepts[0]?.name ?? concepts[0]?.id}`);
}
await app.close();
