/** Sink: compares inputs with those of an app, and changes nothing. */

import * as z from "zod";
import { idsPolicy } from "../clarifai/batch-policy.js";
import type { App } from "../clarifai/client/app.js";
import { checkApp } from "../clarifai/client/check-app.js";
import { Comparer } from "../clarifai/compare/comparer.js";
import { defineSink } from "../core/plugin/define-sink.js";
import { type OptionsOf, parseOptions } from "../core/plugin/options.js";

const optionFields = {
  /** Compares contents by their SHA-256. Default: true. */
  contents: z.boolean().default(true),
  /** Compares concepts, metadata, location, annotations and datasets. Default: true. */
  records: z.boolean().default(true),
  /** Reads every byte of both contents. False: a server that names the SHA-256 of what it stores is believed. Default: false. */
  download: z.boolean().default(false),
};
const Options = z.strictObject(optionFields);
/** Options of `compare`. */
export type CompareOptions = OptionsOf<typeof optionFields>;

/**
 * Compares each input with the input of the same id in an app. It is ok if both have the same content and the same record; else it fails: with
 * ERR_ABSENT if the app has no such input, with ERR_DIFFERENT and the differences otherwise. Nothing is changed.
 *
 * Contents are compared by their SHA-256. If a server names that of a stored content (`Repr-Digest`), no further byte is read. Numbers may differ in digits that
 * 32 bits cannot store. The app may have the input in further datasets, but no further concepts, metadata or annotations. Status and times are not compared.
 *
 * Inputs of the app that are not in the flow are not found: run the other direction for them, with `contents: false, records: false`.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SinkError} (the run rejects) the API's code when the key may not read the app
 * @example
 * const copy = await connect({ appId: "copy" });
 * const report = await flow(listInputs(app)).pipe(compare(copy)).run(); // report.failures has the differences
 */
export const compare = defineSink({
  name: "compare",
  parse(app: App, options: CompareOptions = {}) {
    checkApp("compare", app);
    return { app, ...parseOptions("compare", Options, options) };
  },
  target: ({ app }) => app.target("compare with"),
  wholeRecords: ({ records }) => records,
  batch: idsPolicy,
  concurrency: 4,
  open: ({ options: { app, ...options }, run }) => new Comparer(app, options, run),
  write: (batch, { state, signal }) => state.write(batch.messages, signal),
});
