/** The public surface, listed by hand. What is not here may change. */

export { ApiError } from "./client/api-error.js";
export { App, type AddJob, type Dataset, type InputCounts, type InputPatch, type ItemStatus, type PatchAction } from "./client/app.js";
export { connect, type ConnectOptions } from "./connect.js";
export { batch, type BatchOptions } from "./core/batch.js";
export { openContent, readContent } from "./core/content.js";
export {
  defineSink,
  defineSource,
  defineTransform,
  type SinkDefinition,
  type SourceDefinition,
  type TransformDefinition,
} from "./core/define.js";
export { BatchError, FlowError, InputError, OptionsError, SinkError, SourceError } from "./core/errors.js";
export { Flow, flow, type RunOptions } from "./core/flow.js";
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
export type { Counts, Outcome, Settlement } from "./core/ledger.js";
export { limits } from "./core/limits.js";
export type { Message } from "./core/message.js";
export { itemFrom, type ReadContext, type Source, type SourceItem, type TransformContext, type WriteContext } from "./core/plugin.js";
export type { Failure, ReasonGroup, Report } from "./core/report.js";
export { download, type DownloadOptions } from "./sinks/download.js";
export { patch, type PatchOptions } from "./sinks/patch.js";
export { patchConcepts } from "./sinks/patch-concepts.js";
export { remove } from "./sinks/remove.js";
export { removeAnnotations, type RemoveAnnotationsOptions } from "./sinks/remove-annotations.js";
export { upload, type UploadOptions } from "./sinks/upload.js";
export { writeJsonl, type WriteJsonlOptions } from "./sinks/write-jsonl.js";
export { csv, type CsvMap, type CsvOptions } from "./sources/csv.js";
export { folder, type FolderOptions } from "./sources/folder.js";
export { fromObservable } from "./sources/from-observable.js";
export { jsonl } from "./sources/jsonl.js";
export { listInputs, type ListInputsOptions } from "./sources/list-inputs.js";
export { urls, type UrlsOptions } from "./sources/urls.js";
export { values } from "./sources/values.js";
export { annotate, box, concept, type Drawing, polygon, type RegionOptions } from "./transforms/annotate.js";
export { dedupe } from "./transforms/dedupe.js";
export { detectType } from "./transforms/detect-type.js";
export { fitImage, type FitImageOptions } from "./transforms/fit-image.js";
export { geo } from "./transforms/geo.js";
export { geoFromExif, type GeoFromExifOptions } from "./transforms/geo-from-exif.js";
export { geoFromTable, type GeoFromTableOptions } from "./transforms/geo-from-table.js";
export { label } from "./transforms/label.js";
export { stripUnicode, type StripUnicodeOptions } from "./transforms/strip-unicode.js";
export { type Metadata, tagMetadata } from "./transforms/tag-metadata.js";
export { transform, type TransformOptions } from "./transforms/transform.js";
export { where } from "./transforms/where.js";
