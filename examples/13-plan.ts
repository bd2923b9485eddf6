/** Plans a run: shows the batches, requests and bytes that it would send, and the inputs that it would refuse. */

import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { batch, connect, flow, folder, upload } from "sluice";

const app = await connect();
const work = await mkdtemp(join(tmpdir(), "sluice-plan-"));
await cp(join(import.meta.dirname, "data"), work, { recursive: true });
await writeFile(join(work, "empty.jpg"), "");

const photos = flow(folder(work, { exclude: ["*.ts", "*.csv", "*.md"] })).pipe(batch(), upload(app));

const plan = await photos.plan(); // sends nothing
console.log(plan.summary());

const report = await photos.run();
console.log("as planned:", report.counts.ok === plan.counts.ok && report.traffic.bytesSent === plan.bytes);

await rm(work, { recursive: true });
await app.close();
