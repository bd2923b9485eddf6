/**
 * A flow as a separate program, which tests kill, stop or limit. Its options are JSON in the first argument. Prints `ready` when the flow starts, a line
 * for each outcome when it is reported, and the counts at the end.
 */

import { writeSync } from "node:fs";
import { Ledger } from "../../src/core/accounting/ledger.js";
import {
  batch,
  connect,
  doneEarlier,
  flow,
  fromIterable,
  type RunOptions,
  transform,
  upload,
} from "../../src/index.js";

export interface FlowChildOptions {
  /** Address of the emulator. */
  url: string;
  /** Texts to upload. */
  count: number;
  run: RunOptions;
  /** Inputs in a batch. */
  maxItems?: number;
  maxWaitMs?: number;
  /** Waits until inputs are processed, so that the outcomes of a whole job are reported together. Default: true. */
  wait?: boolean;
  /** The source hangs after this many inputs. */
  hangsAfter?: number;
  /** The program kills itself when it has reported this many outcomes of its own, without those of an earlier run. */
  killsAfter?: number;
  /** A transform hangs for the last input. */
  transformHangs?: boolean;
  /** Runs the flow twice, like a program with two flows. */
  twice?: boolean;
}

const {
  url,
  count,
  run,
  maxItems = 16,
  maxWaitMs = 100,
  wait = true,
  hangsAfter,
  killsAfter,
  transformHangs,
  twice,
} = JSON.parse(process.argv[2] ?? "") as FlowChildOptions;

/** Prints a line synchronously, so that a kill loses no line. Waits while the pipe is full. */
function print(line: object): void {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
    }
  }
}

let reported = 0;
const { settled } = Ledger.prototype;
Ledger.prototype.settled = function (settlement) {
  const { outcome } = settlement;
  print({ id: settlement.id, state: outcome.state });
  if (outcome.state === "skipped" && outcome.reason === doneEarlier) return settled.call(this, settlement);
  reported += 1;
  if (reported === killsAfter) process.kill(process.pid, "SIGKILL");
  settled.call(this, settlement);
};

async function* inputs() {
  for (let n = 0; n < count; n += 1) {
    if (n === hangsAfter) await new Promise((resolve) => setTimeout(resolve, 600_000));
    yield { id: `t${n}`, text: `text ${n}` };
  }
}

const app = await connect({ baseUrl: url, pat: "any" });
const hangs = transform((input) =>
  input.id === `t${count - 1}` && transformHangs ? new Promise<never>(() => {}) : input,
);
print({ ready: true });
for (let runs = 0; runs < (twice ? 2 : 1); runs += 1) {
  try {
    const report = await flow(fromIterable(inputs()))
      .pipe(hangs, batch({ maxItems, maxWaitMs }), upload(app, { wait }))
      .run(run);
    print({ counts: report.counts, stopped: report.stopped });
    process.exitCode = report.exitCode;
  } catch (error) {
    const { code, message } = error as Error & { code?: string };
    print({ error: code, message });
    process.exitCode = 2;
  }
}
await app.close();
process.exit();
