/** A flow of any verb as a separate program, which tests kill at any moment and start again. Its options are JSON in the first argument. */

import { writeSync } from "node:fs";
import {
  addToDataset,
  batch,
  connect,
  download,
  flow,
  fromIterable,
  type InputDraft,
  listInputs,
  patch,
  remove,
  removeFromDataset,
  upload,
} from "../../src/index.js";
import { uploads } from "./kill-flows.js";

export type KillVerb = "upload" | "patch" | "remove" | "download" | "addToDataset" | "removeFromDataset";

export interface KillChildOptions {
  url: string;
  appId: string;
  verb: KillVerb;
  count: number;
  journal: string;
  /** Target folder of a download. */
  out: string;
}

const { url, appId, verb, count, journal, out } = JSON.parse(process.argv[2] ?? "") as KillChildOptions;

function* ids(metadata: (n: number) => InputDraft["metadata"] = () => ({})): Generator<InputDraft> {
  for (let n = 0; n < count; n += 1) yield { id: `k${n}`, metadata: metadata(n) };
}

const app = await connect({ baseUrl: url, pat: "any", appId });
const batches = batch({ maxItems: 4, maxWaitMs: 20 });
const flows = {
  upload: () => flow(fromIterable(uploads(count))).pipe(batches, upload(app)),
  patch: () => flow(fromIterable(ids((n) => ({ patched: n, nested: { n } })))).pipe(batches, patch(app)),
  remove: () => flow(fromIterable(ids())).pipe(batches, remove(app)),
  addToDataset: () => flow(fromIterable(ids())).pipe(batches, addToDataset(app, { dataset: "new" })),
  removeFromDataset: () => flow(fromIterable(ids())).pipe(batches, removeFromDataset(app, { dataset: "old" })),
  download: () => flow(listInputs(app)).pipe(download(out, { concurrency: 2 })),
};
writeSync(1, "ready\n");
const report = await flows[verb]().run({ journal });
writeSync(1, `${JSON.stringify(report.counts)}\n`);
process.exit(report.exitCode);
