/** Sink: downloads the contents of inputs to a folder, with a manifest. */

import * as z from "zod";
import { App } from "../clarifai/client/app.js";
import { Downloader } from "../clarifai/download/downloader.js";
import { original } from "../clarifai/wire/decode-answers.js";
import { diskTarget } from "../core/accounting/targets.js";
import { proxiesOf } from "../core/net/proxy/proxies.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** App that stores the contents. Default: the app that `listInputs` of this flow lists. Addresses outside of the app must be public. */
  app: z.instanceof(App).optional(),
  /** Maximum number of downloads at once, 1 to 64. Default: 8. */
  concurrency: z.number().int().min(1).max(64).default(8),
  /** Maximum number of attempts of one file; each resumes the partial file of the attempt before it. Default: 4. */
  maxAttempts: z.number().int().min(1).default(4),
  /** Largest file that is accepted, in bytes. Default: 2,000,000,000. */
  maxBytes: z.number().positive().default(2_000_000_000),
  /** Longest wait between two chunks, in milliseconds. Default: 60,000. */
  timeoutMs: z.number().positive().default(60_000),
  /** Longest time for one file with all attempts, in milliseconds. The next run resumes the partial file. Default: 3,600,000. */
  deadlineMs: z.number().positive().default(3_600_000),
  /**
   * Name of the rendition to download, as the platform names it: `tiny`, `small` or `large` for images. An input without it fails (ERR_RENDITION). Texts
   * have no renditions; the text of an image is written as it is. Default: `orig`, the bytes as they were uploaded.
   */
  rendition: z
    .string()
    .regex(/^[\w-]+$/, "expected the name of a rendition, such as small")
    .default(original),
  /** Also downloads from addresses in private networks. Default: false. */
  allowPrivate: z.boolean().default(false),
  /**
   * HTTP proxy for addresses that are not of the app, as in `connect`; false for none. Addresses of the app use the proxy of its connection. Default:
   * HTTP_PROXY, HTTPS_PROXY and NO_PROXY.
   */
  proxy: z.union([z.string().min(1), z.literal(false)]).optional(),
  /**
   * Makes `listInputs` read the annotations and datasets of its inputs, so that the manifest has them. Reading the datasets takes one request per 1000
   * members of each dataset of the app. Default: true.
   */
  wholeRecords: z.boolean().default(true),
};
const Options = z.strictObject(optionFields);
/** Options of `download`. */
export type DownloadOptions = OptionsOf<typeof optionFields>;

/**
 * Downloads the content of each input to a folder: images, video and audio byte for byte as they were uploaded, text as UTF-8. An image with a text
 * gets two files.
 *
 * A file name consists of the input's id and an extension that matches the content; names from servers are not used. A file gets its name after its
 * length was checked, also on disk, and its SHA-256 if the server sends one. Links in the folder are not followed. A file that another program wrote
 * under the same name is not overwritten; the input fails with ERR_FILE_EXISTS.
 *
 * `manifest.jsonl` in the folder gets one line per input before the input passes downstream: its files (path, sizeBytes, sha256) and the whole record
 * (kind, concepts, metadata, geo, annotations, datasets, status, times). `jsonl("out/manifest.jsonl")` reads it, so that `upload` can copy everything to
 * another app. A repeated run does not fetch files that the manifest names and that have their full size, unless the input was created again since. If
 * a sink follows, such as `remove`, it also compares their SHA-256. If the record has not changed either, the input is skipped, or passes to the next
 * sink with a note; else it gets a new line. The last line of an input counts.
 *
 * With `rendition`, the manifest says in each line which rendition the file is. `jsonl` then refuses the line (ERR_RENDITION), so that `upload` never takes a
 * rendition for the original. A folder holds one rendition (ERR_FOLDER_RENDITION).
 *
 * Only one process at a time can download into a folder (ERR_FOLDER_IN_USE).
 *
 * Inputs pass downstream in the order of completion. An interrupted download resumes where it stopped, also in the next run after an abort or a kill:
 * the partial file is kept as `.part` while the server has the same content. An input settles as failed if its content is not available
 * (ERR_HTTP_404, ERR_DOWNLOAD_…), cannot be written (ERR_FILE_UNWRITABLE), or is a web page in place of an image, video or audio (ERR_KIND_MISMATCH).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) ERR_FILE_UNWRITABLE when the folder cannot be written; ERR_FOLDER_IN_USE; ERR_FOLDER_RENDITION
 * @example await flow(listInputs(app, { kinds: ["image"] })).pipe(download("./out")).run();
 */
export const download = defineSink({
  name: "download",
  parse(folder: string, options: DownloadOptions = {}) {
    checkPath("download", folder);
    const checked = parseOptions("download", Options, options);
    return { folder, ...checked, proxyFor: proxiesOf("download", checked.proxy) };
  },
  target: ({ folder, rendition }) =>
    diskTarget(rendition === original ? "download to" : `download ${rendition} renditions to`, folder),
  wholeRecords: ({ wholeRecords }) => wholeRecords,
  undoesAborted: true,
  // The option `concurrency` bounds the downloads, and a batch shares it.
  concurrency: () => Number.POSITIVE_INFINITY,
  supportsDryRun: true,
  open: ({ options: { folder, ...options }, dryRun, run }) => Downloader.open(folder, options, { dryRun, run }),
  write: (batch, { state, signal }) => state.write(batch.messages, signal),
  close: ({ state }) => state.close(),
});
