/** Uses RxJS operators between plugins: messages that they drop count as skipped, and `take` closes the source. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { filter, interval, map, take, tap } from "rxjs";
import { batch, connect, flow, folder, fromObservable, upload, writeJsonl } from "sluice";

const app = await connect();

const few = await flow(folder(join(import.meta.dirname, "data")))
  .pipe(
    filter((message) => message.value.image !== undefined),
    take(3),
    tap((message) => console.log(`takes ${message.value.metadata.filename}`)),
    batch(),
    upload(app),
  )
  .run();
console.log(few.summary());

const work = await mkdtemp(join(tmpdir(), "sluice-rxjs-"));
const ticks = interval(5).pipe(
  take(3),
  map((n) => ({ id: `tick-${n}`, text: `tick ${n}` })),
);
const ticked = await flow(fromObservable(ticks))
  .pipe(writeJsonl(join(work, "ticks.jsonl")))
  .run();
console.log(ticked.summary());

await rm(work, { recursive: true });
await app.close();
process.exitCode = Math.max(few.exitCode, ticked.exitCode);
