/**
 * The public surface, listed by hand. What is not here may change.
 *
 * @module sluice
 */

// Sources

export { type ArchiveOptions, archive } from "./sources/archive.js";
export { type CocoOptions, coco } from "./sources/coco.js";
export { type CsvMap, type CsvOptions, csv } from "./sources/csv.js";
export { type CvatOptions, cvat } from "./sources/cvat.js";
export { type DatasetExportOptions, datasetExport } from "./sources/dataset-export.js";
export { deadLetters } from "./sources/dead-letters.js";
export { type DocumentsOptions, documents } from "./sources/documents.js";
export { type FolderOptions, folder } from "./sources/folder.js";
export { type FromIterableOptions, fromIterable } from "./sources/from-iterable.js";
export { type FromObservableOptions, fromObservable } from "./sources/from-observable.js";
export { type HuggingFaceOptions, huggingFace } from "./sources/hugging-face.js";
export { type ImageFolderOptions, imageFolder } from "./sources/image-folder.js";
export { type JsonlOptions, jsonl } from "./sources/jsonl.js";
export { type LabelMeOptions, labelMe } from "./sources/label-me.js";
export { type LabelStudioOptions, labelStudio } from "./sources/label-studio.js";
export { type ListAnnotationsOptions, listAnnotations } from "./sources/list-annotations.js";
export { type ListInputsOptions, listInputs } from "./sources/list-inputs.js";
export { type ParquetOptions, parquet } from "./sources/parquet.js";
export { type S3SourceOptions, s3 } from "./sources/s3.js";
export { type SearchInputsOptions, searchInputs } from "./sources/search-inputs.js";
export { type UrlsOptions, urls } from "./sources/urls.js";
export { type VocOptions, voc } from "./sources/voc.js";
export { type WebDatasetOptions, webDataset } from "./sources/web-dataset.js";
export { type YoloOptions, yolo } from "./sources/yolo.js";

// Transforms

export { addConcepts } from "./transforms/add-concepts.js";
export type { Drawing, RegionOptions } from "./transforms/annotate/drawing.js";
export { type TextSpanOptions, textSpan, timeSegment, videoFrame } from "./transforms/annotate/parts.js";
export { boundingBox, concept, mask, point, polygon } from "./transforms/annotate/regions.js";
export { annotate } from "./transforms/annotate.js";
export type { CheckName, Severity } from "./transforms/check-dataset/checks.js";
export type { ClassCount, SplitCount } from "./transforms/check-dataset/class-counts.js";
export type { Finding, FindingExample } from "./transforms/check-dataset/findings.js";
export type { SizeSummary } from "./transforms/check-dataset/image-sizes.js";
export { type CheckDatasetOptions, checkDataset } from "./transforms/check-dataset.js";
export { dedupe } from "./transforms/dedupe.js";
export { detectType } from "./transforms/detect-type.js";
export { filterInputs } from "./transforms/filter-inputs.js";
export { type FitImageOptions, fitImage } from "./transforms/fit-image.js";
export { type GeoFromExifOptions, geoFromExif } from "./transforms/geo-from-exif.js";
export { type GeoFromTableOptions, geoFromTable } from "./transforms/geo-from-table.js";
export { type NearDuplicatesOptions, nearDuplicates } from "./transforms/near-duplicates.js";
export { type ReverseGeocodeOptions, reverseGeocode } from "./transforms/reverse-geocode.js";
export { setGeo } from "./transforms/set-geo.js";
export { type SplitTextOptions, splitText } from "./transforms/split-text.js";
export { type StripExifOptions, stripExif } from "./transforms/strip-exif.js";
export { type StripUnicodeOptions, stripUnicode } from "./transforms/strip-unicode.js";
export { type Metadata, tagMetadata } from "./transforms/tag-metadata.js";
export { type TakenAtOptions, takenAt } from "./transforms/taken-at.js";
export { type TakeoutOptions, takeout } from "./transforms/takeout.js";
export { type TransformOptions, transform } from "./transforms/transform.js";
export { type VideoFramesOptions, videoFrames } from "./transforms/video-frames.js";

// Sinks

export { type BatchOptions, batch } from "./clarifai/batch.js";
export { type AddAnnotationsOptions, addAnnotations } from "./sinks/add-annotations.js";
export { type AddToDatasetOptions, addToDataset } from "./sinks/add-to-dataset.js";
export { type CompareOptions, compare } from "./sinks/compare.js";
export { type DownloadOptions, download } from "./sinks/download.js";
export { type PatchOptions, patch } from "./sinks/patch.js";
export { type PatchAnnotationsOptions, patchAnnotations } from "./sinks/patch-annotations.js";
export { patchConcepts } from "./sinks/patch-concepts.js";
export { type RemoveOptions, remove } from "./sinks/remove.js";
export { type RemoveAnnotationsOptions, removeAnnotations } from "./sinks/remove-annotations.js";
export { type RemoveFromDatasetOptions, removeFromDataset } from "./sinks/remove-from-dataset.js";
export { type UploadOptions, upload } from "./sinks/upload.js";
export { type WriteCocoOptions, writeCoco } from "./sinks/write-coco.js";
export { type WriteImageFolderOptions, writeImageFolder } from "./sinks/write-image-folder.js";
export { type WriteJsonlOptions, writeJsonl } from "./sinks/write-jsonl.js";
export { type WriteLabelStudioOptions, writeLabelStudio } from "./sinks/write-label-studio.js";
export { type WriteVocOptions, writeVoc } from "./sinks/write-voc.js";
export { type WriteYoloOptions, writeYolo } from "./sinks/write-yolo.js";

// Jobs of the server

export {
  type BulkProgress,
  type BulkResult,
  type ChangeInputsOptions,
  changeInputs,
} from "./clarifai/jobs/change-inputs.js";
export type { IngestProgress } from "./clarifai/jobs/follow-job.js";
export type { IngestResult } from "./clarifai/jobs/ingest-options.js";
export { type PullInputsOptions, pullInputs } from "./clarifai/jobs/pull-inputs.js";
export { type UploadArchiveOptions, uploadArchive } from "./clarifai/multipart/upload-archive.js";

// Flows: running them, and what they report

export type { SinkProgress } from "./core/accounting/accounting.js";
export type { Traffic } from "./core/accounting/clients.js";
export type { Counts, Outcome, Settlement } from "./core/accounting/ledger.js";
export type { Message } from "./core/accounting/message.js";
export type { JobCounts, ReportedJob, ReportedTarget } from "./core/accounting/targets.js";
export {
  BatchError,
  FlowError,
  InputError,
  OperatorError,
  OptionsError,
  SinkError,
  SourceError,
} from "./core/errors.js";
export { Flow, flow } from "./core/flow/flow.js";
export type { Pipeline } from "./core/flow/pipeline.js";
export type { Plan, PlannedSink, PlanOptions } from "./core/flow/plan.js";
export type { Preview } from "./core/flow/preview.js";
export type { RunOptions, StreamOptions } from "./core/flow/run.js";
export type { DeadLetter } from "./core/journal/dead-letters.js";
export { type JournalFacts, type JournalRecord, readJournal } from "./core/journal/journal.js";
export type { JournalStatus } from "./core/journal/journal-status.js";
export type { Stage } from "./core/plugin/stage.js";
export { through } from "./core/plugin/through.js";
export type { Health } from "./core/progress/health.js";
export type { ProgressEvent } from "./core/progress/measure.js";
export type { MetricsMeter } from "./core/progress/metrics.js";
export type { Stall } from "./core/progress/stalls.js";
export { htmlOf } from "./core/report/display.js";
export { type JournalReport, journalReport } from "./core/report/journals/journal-report.js";
export type { Conclusion, Failure, FailureGroup, ReasonGroup, Report, ShardFacts } from "./core/report/report.js";
export type { Throughput } from "./core/report/throughput.js";

// Plugin kit

export type { Authorize, Credential, RunClient } from "./core/accounting/clients.js";
export type { SharedRateLimiter } from "./core/accounting/shared-rate-limiter.js";
export type { Target } from "./core/accounting/targets.js";
export type { Acknowledge, Listed, SameId } from "./core/accounting/tracking.js";
export { defineOpener, type Opener, type OpenRange } from "./core/content/openers.js";
export { openContent, readContent } from "./core/input/content.js";
export type { RecordPart } from "./core/input/filter/filters.js";
export { idFromPath } from "./core/input/ids.js";
export type {
  Annotation,
  BytesContent,
  Concept,
  Content,
  FileContent,
  Frame,
  GeoPoint,
  Input,
  InputDraft,
  Json,
  Kind,
  Mask,
  ReadableContent,
  Span,
  TimeSegment,
  UriContent,
  UrlContent,
} from "./core/input/input.js";
export type { UndoFacts } from "./core/journal/undo-log.js";
export { batchBy } from "./core/plugin/batch/batch-by.js";
export type { BatchPolicy } from "./core/plugin/batch/batch-policy.js";
export { defineSink, type SinkDefinition } from "./core/plugin/define-sink.js";
export {
  defineSource,
  type ShardOption,
  type SourceBehavior,
  type SourceDefinition,
} from "./core/plugin/define-source.js";
export { defineTransform, type TransformDefinition } from "./core/plugin/define-transform.js";
export type { InputFilters } from "./core/plugin/filter-options.js";
export { type OptionsOf, parseOptions } from "./core/plugin/options.js";
export type {
  Batch,
  OpenContext,
  Sink,
  SinkRun,
  StateContext,
  StateReader,
  WriteContext,
} from "./core/plugin/sink.js";
export {
  doneEarlier,
  itemFrom,
  otherShard,
  type ReadContext,
  type Source,
  type SourceItem,
  type SourceItems,
  type SourceStep,
} from "./core/plugin/source.js";
export type { ChangedInput, Transform, TransformContext, TransformResult } from "./core/plugin/transform.js";

// The platform: connection, app, limits

export { ApiError } from "./clarifai/client/api-error.js";
export { App } from "./clarifai/client/app.js";
export type {
  AddJob,
  BucketCredentials,
  BulkChange,
  BulkInputs,
  BulkOperation,
  DataSource,
  Dataset,
  DatasetExport,
  DatasetExportFormat,
  DatasetMetrics,
  DatasetVersion,
  ExtractionJob,
  InputCounts,
  InputPatch,
  ItemStatus,
  NewDatasetVersion,
  PartUpload,
  PatchAction,
} from "./clarifai/client/app-types.js";
export { type DatasetArchive, type ExportDatasetOptions, exportDataset } from "./clarifai/datasets/export-dataset.js";
export { limits } from "./clarifai/limits.js";
export { type ConnectOptions, connect } from "./connect.js";
export { type DoctorOptions, type DoctorReport, doctor } from "./doctor.js";
export { type MergeDatasetsOptions, mergeDatasets } from "./merge-datasets.js";
export { planUndo, type UndoOptions, undo } from "./undo.js";

// Names of 0.1, deprecated

export * from "./deprecated.js";
