/**
 * The public surface, listed by hand. What is not here may change.
 *
 * @module sluice
 */

export { type BatchOptions, batch } from "./clarifai/batch.js";
export { ApiError } from "./clarifai/client/api-error.js";
export { App } from "./clarifai/client/app.js";
export type { AddJob, Dataset, InputCounts, InputPatch, ItemStatus, PatchAction } from "./clarifai/client/app-types.js";
export { limits } from "./clarifai/limits.js";
export { type ConnectOptions, connect } from "./connect.js";
export type { Counts, Outcome, Settlement } from "./core/accounting/ledger.js";
export type { Message } from "./core/accounting/message.js";
export type { SinkProgress } from "./core/accounting/run-context.js";
export type { Turns } from "./core/accounting/shared-rate-limiter.js";
export type { ReportedTarget } from "./core/accounting/targets.js";
export type { Acknowledge, Listed } from "./core/accounting/tracking.js";
export {
  BatchError,
  FlowError,
  InputError,
  OperatorError,
  OptionsError,
  SinkError,
  SourceError,
} from "./core/errors.js";
export { Flow, flow, type StreamOptions } from "./core/flow/flow.js";
export type { Pipeline } from "./core/flow/pipeline.js";
export type { Plan, PlannedSink, PlanOptions } from "./core/flow/plan.js";
export type { Preview } from "./core/flow/preview.js";
export type { RunOptions } from "./core/flow/run.js";
export { openContent, readContent } from "./core/input/content.js";
export { idFromPath } from "./core/input/ids.js";
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
} from "./core/input/input.js";
export type { DeadLetter } from "./core/journal/dead-letters.js";
export type { JournalFacts } from "./core/journal/journal.js";
export { type JournalRecord, readJournal } from "./core/journal/journal.js";
export {
  defineSink,
  defineSource,
  defineTransform,
  type SinkDefinition,
  type SourceDefinition,
  type TransformDefinition,
} from "./core/plugin/define.js";
export {
  type ChangedInput,
  doneEarlier,
  itemFrom,
  type ReadContext,
  type Source,
  type SourceItem,
  type SourceStep,
  type TransformContext,
  type TransformResult,
  type WriteContext,
} from "./core/plugin/plugin.js";
export type { Health } from "./core/progress/health.js";
export type { ProgressEvent } from "./core/progress/measure.js";
export type { MetricsMeter } from "./core/progress/metrics.js";
export type { Stall } from "./core/progress/stalls.js";
export { htmlOf } from "./core/report/display.js";
export type { Failure, FailureGroup, ReasonGroup, Report } from "./core/report/report.js";
export type { Throughput } from "./core/report/throughput.js";
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
