/**
 * The public surface, listed by hand. What is not here may change.
 *
 * @module sluice
 */

export { ApiError } from "./client/api-error.js";
export { App } from "./client/app.js";
export type { AddJob, Dataset, InputCounts, InputPatch, ItemStatus, PatchAction } from "./client/app-types.js";
export { type ConnectOptions, connect } from "./connect.js";
export type { Health } from "./core/activity.js";
export { type BatchOptions, batch } from "./core/batch.js";
export { openContent, readContent } from "./core/content.js";
export type { DeadLetter } from "./core/dead-letters.js";
export {
  defineSink,
  defineSource,
  defineTransform,
  type SinkDefinition,
  type SourceDefinition,
  type TransformDefinition,
} from "./core/define.js";
export { htmlOf } from "./core/display.js";
export {
  BatchError,
  FlowError,
  InputError,
  OperatorError,
  OptionsError,
  SinkError,
  SourceError,
} from "./core/errors.js";
export { Flow, flow, type StreamOptions } from "./core/flow.js";
export { idFromPath } from "./core/ids.js";
export type {
  Annotation,
  BytesContent,
  Concept,
  Content,
  FileContent,
  GeoPoint,
  Input,
  InputDraft,
  Json,
  Kind,
  UrlContent,
} from "./core/input.js";
export { type JournalRecord, readJournal } from "./core/journal.js";
export type { Counts, Outcome, Settlement } from "./core/ledger.js";
export { limits } from "./core/limits.js";
export type { Message } from "./core/message.js";
export type { MetricsMeter } from "./core/metrics.js";
export type { Pipeline } from "./core/pipeline.js";
export type { Plan, PlannedSink, PlanOptions } from "./core/plan.js";
export {
  type Acknowledge,
  type ChangedInput,
  doneEarlier,
  itemFrom,
  type Listed,
  type ReadContext,
  type Source,
  type SourceItem,
  type SourceStep,
  type TransformContext,
  type TransformResult,
  type WriteContext,
} from "./core/plugin.js";
export type { Preview } from "./core/preview.js";
export type { ProgressEvent } from "./core/progress/measure.js";
export type { Throughput } from "./core/report/throughput.js";
export type { Failure, FailureGroup, JournalFacts, ReasonGroup, Report } from "./core/report.js";
export type { RunOptions } from "./core/run.js";
export type { SinkProgress } from "./core/run-context.js";
export type { ReportedTarget } from "./core/targets.js";
export type { Turns } from "./core/turns.js";
export type { Stall } from "./core/watchdog.js";
export { type DownloadOptions, download } from "./sinks/download.js";
export { type PatchOptions, patch } from "./sinks/patch.js";
export { patchConcepts } from "./sinks/patch-concepts.js";
export { type RemoveOptions, remove } from "./sinks/remove.js";
export { type RemoveAnnotationsOptions, removeAnnotations } from "./sinks/remove-annotations.js";
export { type UploadOptions, upload } from "./sinks/upload.js";
export { type WriteJsonlOptions, writeJsonl } from "./sinks/write-jsonl.js";
export { type CsvMap, type CsvOptions, csv } from "./sources/csv.js";
export { deadLetters } from "./sources/dead-letters.js";
export { type FolderOptions, folder } from "./sources/folder.js";
export { type FromObservableOptions, fromObservable } from "./sources/from-observable.js";
export { type JsonlOptions, jsonl } from "./sources/jsonl.js";
export { type ListInputsOptions, listInputs } from "./sources/list-inputs.js";
export { type UrlsOptions, urls } from "./sources/urls.js";
export { type ValuesOptions, values } from "./sources/values.js";
export { annotate, box, concept, type Drawing, polygon, type RegionOptions } from "./transforms/annotate.js";
export { dedupe } from "./transforms/dedupe.js";
export { detectType } from "./transforms/detect-type.js";
export { type FitImageOptions, fitImage } from "./transforms/fit-image.js";
export { geo } from "./transforms/geo.js";
export { type GeoFromExifOptions, geoFromExif } from "./transforms/geo-from-exif.js";
export { type GeoFromTableOptions, geoFromTable } from "./transforms/geo-from-table.js";
export { label } from "./transforms/label.js";
export { type StripUnicodeOptions, stripUnicode } from "./transforms/strip-unicode.js";
export { type Metadata, tagMetadata } from "./transforms/tag-metadata.js";
export { type TransformOptions, transform } from "./transforms/transform.js";
export { where } from "./transforms/where.js";
