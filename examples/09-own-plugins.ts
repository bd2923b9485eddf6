/** Defines plugins: a source, a transform and a sink, each with validated options. */

import { appendFile, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineSink, defineSource, defineTransform, flow, InputError } from "sluice";
import * as z from "zod";

/** Yields one text for each number. */
const countdown = defineSource({
  name: "countdown",
  options: z.strictObject({ from: z.number().int().positive() }),
  *read({ from }) {
    for (let n = from; n > 0; n -= 1) yield { origin: `countdown:${n}`, input: { id: `n-${n}`, text: `${n} …` } };
  },
});

/** Replaces the matches of a pattern with a black block. */
const redact = defineTransform({
  name: "redact",
  options: z.strictObject({ pattern: z.instanceof(RegExp) }),
  apply: (input, { pattern }) => ({ ...input, text: input.text?.replace(pattern, "█") }),
});

/** Appends each text to a file. A text that is too short fails; the other texts of the batch are written. */
const appendTo = defineSink({
  name: "appendTo",
  options: z.strictObject({ path: z.string().min(1) }),
  batch: { maxItems: 5 },
  async write(batch, { options }) {
    for (const [index, { text = "" }] of batch.inputs.entries()) {
      if (text.length < 3) batch.fail(index, new InputError("ERR_TOO_SHORT", `"${text}" is too short`));
      else await appendFile(options.path, `${text}\n`);
    }
  },
});

const folder = await mkdtemp(join(tmpdir(), "sluice-plugins-"));
const path = join(folder, "out.txt");
const report = await flow(countdown({ from: 12 }))
  .pipe(redact({ pattern: /1/ }), appendTo({ path }))
  .run();
console.log(report.summary());
console.log(await readFile(path, "utf8"));
await rm(folder, { recursive: true });
process.exitCode = report.exitCode;
