/** Server-side pulls: the server reads a bucket or an archive by itself. */

import * as z from "zod";
import { systemClock } from "../../core/net/clock.js";
import { type OptionsOf, parseOptions } from "../../core/plugin/options.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { App } from "../client/app.js";
import type { BucketCredentials } from "../client/app-types.js";
import { checkApp } from "../client/check-app.js";
import { beginJob } from "./begin-job.js";
import { cancelOnAbort } from "./cancel-on-abort.js";
import { checkUrlText } from "./check-url.js";
import { followJob } from "./follow-job.js";
import { type IngestResult, ingestFieldsOf, ingestOptionFields, ingestResult } from "./ingest-options.js";

const optionFields = {
  /** Credentials of a private bucket: `{ s3: { … } }`, `{ gcp: { … } }` or `{ azure: { … } }`. They are sent to the server of the app. Default: none. */
  credentials: z
    .custom<BucketCredentials>(
      (value) => isObject(value) && ["s3", "gcp", "azure"].some((name) => isObject(value[name])),
      {
        error: "must be { s3: {…} }, { gcp: {…} } or { azure: {…} }",
      },
    )
    .optional(),
};
const Options = z.strictObject({ ...ingestOptionFields, ...optionFields });
/** Options of `pullInputs`. */
export type PullInputsOptions = OptionsOf<typeof ingestOptionFields & typeof optionFields>;

/**
 * Asks the server to read a bucket or an archive by itself: no byte passes through this machine. `url` is the beginning of the addresses of a bucket's objects
 * (`s3://bucket/photos/`, also of Azure Blob and Google Cloud Storage), or the address of an archive. The server unpacks archives, and adds their images, videos,
 * audio files and texts. Every input gets the concepts, metadata, location and datasets of the options.
 *
 * Resolves with the counts of the job when it ends, or when `timeoutMs` is over; `ok` says whether all went well. The server counts inputs that failed and does not name
 * them; their status is in the listing of the app. An answer that is lost begins no second job.
 *
 * The emulator fetches archives by http and https, and reads no buckets.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {ApiError} if the server refuses the pull, or its job cannot be read
 * @example const { ok, counts } = await pullInputs(app, "s3://bucket/photos/", { datasets: ["train"] });
 */
export async function pullInputs(app: App, url: string, options: PullInputsOptions = {}): Promise<IngestResult> {
  checkApp("pullInputs", app);
  checkUrlText("pullInputs", url);
  const {
    credentials,
    wait,
    timeoutMs,
    onProgress,
    signal: userSignal,
    ...rest
  } = parseOptions("pullInputs", Options, options);
  const fields = ingestFieldsOf(rest);
  const { jobId } = fields;
  const signal = userSignal ?? new AbortController().signal;
  return cancelOnAbort(app, jobId, signal, async () => {
    await beginJob(app, jobId, () => app.postDataSources([{ ...fields, url, credentials }], signal), signal);
    return ingestResult(
      await followJob(app, jobId, { clock: systemClock, signal, timeoutMs: wait ? timeoutMs : 0, onProgress }),
    );
  });
}
