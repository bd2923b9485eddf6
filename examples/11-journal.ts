/** Resumes a run with a journal, and retries failed inputs from dead letters. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { take } from "rxjs";
import { batch, connect, deadLetters, flow, folder, readJournal, transform, upload } from "sluice";

const app = await connect();
const work = await mkdtemp(join(tmpdir(), "sluice-journal-"));
const journal = join(work, "photos.journal");
const failed = join(work, "failed.jsonl");
const photos = folder(join(import.meta.dirname, "data/market"));

let classifierIsDown = true;
const mood = transform((input) => {
  if (classifierIsDown && input.metadata.filename === "plan.png") throw new Error("no answer");
  return { ...input, metadata: { ...input.metadata, mood: "calm" } };
});

// `take` ends this run after two inputs, as Ctrl-C or a crash might.
const first = await flow(photos).pipe(mood, take(2), batch(), upload(app)).run({ journal, deadLetters: failed });
console.log("first:", first.summary());

const second = await flow(photos).pipe(mood, batch(), upload(app)).run({ journal, deadLetters: failed });
console.log("second:", second.summary());

classifierIsDown = false;
const third = await flow(deadLetters(failed)).pipe(mood, batch(), upload(app)).run({ journal });
console.log("what failed, again:", third.summary());

const last = await flow(photos).pipe(mood, batch(), upload(app)).run({ journal });
console.log("last:", last.summary());
for await (const record of readJournal(journal)) console.log(record.state, record.id);

// Without a journal, from any machine: the upload asks the server which inputs it has.
const elsewhere = await flow(photos)
  .pipe(mood, batch(), upload(app, { resume: "server" }))
  .run();
console.log("elsewhere:", elsewhere.summary(), elsewhere.traffic.bytesSent, "bytes sent");

await rm(work, { recursive: true });
await app.close();
process.exitCode = last.exitCode;
