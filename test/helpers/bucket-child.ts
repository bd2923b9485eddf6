/** Uploads an archive of a bucket, as a separate program that tests kill and start again. Its options are JSON in the first argument; keys come from the environment. */

import { existsSync, readFileSync, writeSync } from "node:fs";
import { archive, batch, connect, flow, tagMetadata, transform, upload } from "../../src/index.js";

export interface BucketChildOptions {
  url: string;
  endpoint: string;
  uri: string;
  journal: string;
}

const { url, endpoint, uri, journal } = JSON.parse(process.argv[2] ?? "") as BucketChildOptions;
const app = await connect({ baseUrl: url, pat: "any", appId: "main" });
let count = 0;
const counting = transform((input) => {
  count += 1;
  if (count % 100 === 0) writeSync(1, `${count}\n`);
  return input;
});
const report = await flow(archive(uri, { s3: { endpoint, region: "us-east-1" } }))
  .pipe(tagMetadata({ split: "train" }), counting, batch(), upload(app))
  .run({ journal });
// Linux counts the memory of the process that started this one as the `maxRSS` of this one.
const status = existsSync("/proc/self/status") ? readFileSync("/proc/self/status", "utf8") : "";
const peakKb = Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? process.resourceUsage().maxRSS);
const { userCPUTime, systemCPUTime } = process.resourceUsage();
const cpuMs = Math.round((userCPUTime + systemCPUTime) / 1000);
writeSync(1, `${JSON.stringify({ counts: report.counts, maxRssMb: Math.round(peakKb / 1024), cpuMs })}\n`);
await app.close();
