/** A worker of a stream as a separate program, which tests stop and kill. Its options are JSON in the first argument. */

import { readFileSync, writeFileSync } from "node:fs";
import { connect, flow, transform, upload } from "../../src/index.js";
import { jetstream } from "../../src/jetstream/index.js";

export interface WorkerChildOptions {
  stream: string;
  servers: string;
  ackWaitMs?: number;
  maxDeliveries?: number;
  /** The id of the input that kills the worker. */
  poison?: string;
  /** The worker stops itself at its eighth input, after it wrote this file. It continues when it gets SIGCONT. */
  stopFile?: string;
  /** Address of the emulator that it uploads to. Without it, it reads the files. */
  baseUrl?: string;
}

const { poison, stopFile, baseUrl, ...at } = JSON.parse(process.argv[2] as string) as WorkerChildOptions;
let started = 0;
const step = transform(
  (input) => {
    started += 1;
    if (stopFile !== undefined && started === 8) {
      writeFileSync(stopFile, "");
      process.kill(process.pid, "SIGSTOP");
    }
    if (input.id === poison) process.kill(process.pid, "SIGKILL");
    if (input.image && "path" in input.image) readFileSync(input.image.path);
    return input;
  },
  { concurrency: 4 },
);
const source = flow(jetstream({ ...at, endWhenEmpty: true }));
const work =
  baseUrl === undefined ? source.pipe(step) : source.pipe(step, upload(await connect({ baseUrl, pat: "any" })));
const { counts } = await work.run();
process.stdout.write(JSON.stringify(counts));
