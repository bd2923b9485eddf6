/** Uses names of every entry that needs no optional package. */

import { map } from "rxjs";
import {
  batch,
  connect,
  defineSink,
  defineTransform,
  flow,
  fromIterable,
  type Input,
  type Report,
  upload,
} from "sluice";
import { startEmulator } from "sluice/emulator";
import { testSink } from "sluice/testing";
import { z } from "zod";

const options = z.strictObject({ tag: z.string().min(1), limit: z.number().default(10) });
const tagged = defineTransform({
  name: "tagged",
  options,
  apply: (input, { tag, limit }) => ({ ...input, metadata: { ...input.metadata, tag, limit } }),
});
const count = defineSink({
  name: "count",
  batch: { maxItems: 10 },
  write: async ({ inputs }) => console.log(inputs.length),
});

const emulator = await startEmulator();
const app = await connect({ baseUrl: emulator.url, pat: "any" });
const report: Report = await flow(fromIterable([{ id: "a", text: "calm sea" }]))
  .pipe(tagged({ tag: "sea" }), batch(), upload(app), count())
  .run();
const ids = flow(fromIterable([{ text: "calm sea" }])).pipe(map((input) => input));
for await (const input of ids) console.log((input satisfies Input).id, report.counts.ok, testSink.name);
// @ts-expect-error A tag is a string.
tagged({ tag: 1 });
