/** Shows the progress of a run: for people on stderr, for programs as events. */

import { join } from "node:path";
import { batch, connect, flow, folder, type ProgressEvent, upload } from "sluice";

const app = await connect();
const events: ProgressEvent[] = [];

const report = await flow(folder(join(import.meta.dirname, "data"), { exclude: ["*.ts", "*.csv", "*.md"] }))
  .pipe(batch(), upload(app))
  .run({ progress: true, onProgress: (event) => events.push(event) });

const last = events.at(-1);
console.log(`${events.length} events, the last: ${last?.state}, ${last?.counts.ok} ok`);
await app.close();
process.exitCode = report.exitCode;
