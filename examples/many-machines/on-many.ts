/**
 * Runs the pipeline with two workers in this program, in place of many machines. Needs a NATS server: `nats-server -js`.
 *
 * On real machines: `sluice submit <folder>` once, `sluice work pipeline.ts` on each machine, `sluice status --watch` on any.
 */

import { join } from "node:path";
import { flow, folder } from "sluice";
import { jetstream, publishTo, streamReport } from "sluice/jetstream";
import pipeline from "./pipeline.js";

const stream = "photos";
const photos = folder(join(import.meta.dirname, "../data"), { kinds: ["image"] });
const submitted = await flow(photos).pipe(publishTo(stream)).run();
console.log("submitted:", submitted.summary());

const work = async () => (await pipeline(jetstream({ stream, endWhenEmpty: true }))).run();
for (const report of await Promise.all([work(), work()])) console.log("a worker:", report.counts);

console.log("all of it:", (await streamReport({ stream })).summary());
