/** Sink: downloads the contents of inputs to a folder, with a manifest. */

import * as z from "zod";
import { App } from "../clarifai/client/app.js";
import { Downloader } from "../clarifai/download/downloader.js";
import { diskTarget } from "../core/accounting/targets.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";

const Options = z.strictObject({
  /** App whose media these are. Default: the app that `listInputs` of this flow lists; other addresses must be public. */
  app: z.instanceof(App).optional(),
  /** Most downloads at once. Default: 8. */
  concurrency: z.number().int().min(1).max(64).default(8),
  /** Times that a broken download is gone on with. Default: 4. */
  maxAttempts: z.number().int().min(1).default(4),
  /** Largest file that is accepted, in bytes. Default: 2,000,000,000. */
  maxBytes: z.number().positive().default(2_000_000_000),
  /** Longest wait between two pieces, in milliseconds. Default: 60,000. */
  timeoutMs: z.number().positive().default(60_000),
  /** Longest time for one file with all its tries, in milliseconds; what is there by then is gone on with in the next run. Default: 3,600,000. */
  deadlineMs: z.number().positive().default(3_600_000),
  /** Follows addresses in private networks. Default: false. */
  allowPrivate: z.boolean().default(false),
  /**
   * Makes `listInputs` read the annotations and datasets of its inputs, so that the manifest has them. Reading the datasets costs a request for every
   * 1000 members of each dataset of the app. Default: true.
   */
  wholeRecords: z.boolean().default(true),
});
/** Options of `download`. */
export type DownloadOptions = OptionsOf<typeof Options>;

/**
 * Downloads the content of each input to a folder: images, video and audio byte for byte as they were uploaded, text as UTF-8. Of an image
 * with a text, both.
 *
 * Names are made from ids, never taken from a server, and end in an extension found by content. A file appears under its name when it is
 * whole: when its length is right, also on disk, and its SHA-256 where the server tells it. Links that lie in the folder are not followed. A file that
 * another program put there under the same name is not overwritten; the input fails with ERR_FILE_EXISTS.
 *
 * `manifest.jsonl` in the folder gets one line for each input before it goes on: its files (path, sizeBytes, sha256) and the whole record (kind,
 * concepts, metadata, geo, annotations, datasets, status, times). `jsonl("out/manifest.jsonl")` reads it, so that `upload` puts all of it into another app.
 * Run again, files that the manifest names and that are there in full size are not fetched again, unless the input was made anew since. Where
 * a sink follows, such as `remove`, their SHA-256 is compared first. If nothing of the record has changed either, the input is skipped, or goes on
 * to the sink that follows; else it gets a new line, and the last line of an input counts.
 *
 * One process at a time downloads into a folder; another one is refused.
 *
 * Several at once, so the order is that of completion. A broken download goes on where it stopped, also in the next run, after an abort or a kill:
 * what came stays as `.part`, and is kept only while the server has the same content. An input whose content cannot be had fails with its
 * reason (ERR_HTTP_404, ERR_DOWNLOAD_…, ERR_FILE_UNWRITABLE; ERR_KIND_MISMATCH when a server sends a page for an image, video or audio).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_UNWRITABLE when the folder cannot be written; ERR_FOLDER_IN_USE
 * @example await flow(listInputs(app, { kinds: ["image"] })).pipe(download("./out")).run();
 */
export const download = defineSink({
  name: "download",
  parse(folder: string, options: DownloadOptions = {}) {
    checkPath("download", folder);
    return { folder, ...parseOptions("download", Options, options) };
  },
  target: ({ folder }) => diskTarget("download to", folder),
  wholeRecords: ({ wholeRecords }) => wholeRecords,
  undoesAborted: true,
  /** The number of downloads is bounded by `concurrency`; a batch is spread over it. */
  concurrency: () => Number.POSITIVE_INFINITY,
  supportsDryRun: true,
  open: ({ options: { folder, ...options }, dryRun, run }) => Downloader.open(folder, options, { dryRun, run }),
  write: (batch, { state, signal }) => state.write(batch.messages, signal),
  close: ({ state }) => state.close(),
});
