/** The table of routes. Literal paths come before paths with a parameter. */

import {
  deleteAnnotation,
  deleteAnnotations,
  getAnnotation,
  listAnnotations,
  patchAnnotations,
  postAnnotations,
} from "./annotations.js";
import { deleteApp, getApp, getUser, listApps, myScopes, patchApps, postApps, type UserRoute } from "./apps.js";
import {
  cancelBulkOperations,
  deleteBulkOperations,
  getBulkOperation,
  listBulkOperations,
  postBulkOperations,
} from "./bulk/bulk-operations.js";
import { countConcepts, getConcept, listConcepts, patchConcepts, postConcepts, searchConcepts } from "./concepts.js";
import type { Route } from "./context.js";
import { deleteDatasetInputs, getDatasetInput, listDatasetInputs, postDatasetInputs } from "./dataset-inputs.js";
import { putDatasetVersionExports } from "./dataset-versions/exports.js";
import {
  deleteDatasetVersions,
  getDatasetVersion,
  listDatasetVersionMetrics,
  listDatasetVersions,
  patchDatasetVersions,
  postDatasetVersions,
} from "./dataset-versions/versions.js";
import {
  deleteDatasets,
  getDataset,
  listDatasets,
  listDatasetsOfUser,
  patchDatasets,
  postDatasets,
} from "./datasets.js";
import { postDataSources } from "./ingest/data-sources.js";
import { cancelExtractionJobs, getExtractionJob, listExtractionJobs } from "./ingest/extraction-jobs.js";
import {
  deleteUploads,
  getUpload,
  listUploads,
  postInputsUploads,
  postUploads,
  putContentParts,
} from "./ingest/uploads.js";
import { deleteInput, deleteInputs } from "./inputs/delete-inputs.js";
import { countInputs, getInput, listInputs, streamInputs } from "./inputs/list-inputs.js";
import { patchInputs } from "./inputs/patch-inputs.js";
import { postInputs } from "./inputs/post-inputs.js";
import { cancelJob, getJob, listJobs } from "./jobs.js";
import {
  deleteSearch,
  getSearch,
  listSearches,
  postAnnotationSearches,
  postSearchById,
  postSearches,
} from "./searches.js";

/** A route. `*` in the path stands for one part. Every answer has the list, even a refusal. */
export type RouteEntry<R> = [method: string, pattern: string, route: R, message: string, list?: string];

/** Routes of an app. */
export const appRoutes: readonly RouteEntry<Route>[] = [
  ["POST", "inputs", postInputs, "PostInputs", "inputs"],
  ["GET", "inputs", listInputs, "ListInputs", "inputs"],
  ["PATCH", "inputs", patchInputs, "PatchInputs", "inputs"],
  ["DELETE", "inputs", deleteInputs, "DeleteInputs"],
  ["GET", "inputs/stream", streamInputs, "StreamInputs", "inputs"],
  ["GET", "inputs/status", countInputs, "Nothing"],
  ["POST", "inputs/uploads", postInputsUploads, "PostInputsUploads", "inputs_add_jobs"],
  ["POST", "inputs/data_sources", postDataSources, "PostDataSources", "inputs_add_jobs"],
  ["POST", "inputs/searches", postSearches, "SearchInputs", "hits"],
  ["DELETE", "inputs/annotations", deleteAnnotations, "DeletePairs"],
  ["GET", "inputs/jobs/add", listJobs, "Paged", "inputs_add_jobs"],
  ["GET", "inputs/jobs/add/*", getJob, "ByPath"],
  ["PATCH", "inputs/jobs/add/*", cancelJob, "ByPath"],
  ["GET", "inputs/jobs/extraction", listExtractionJobs, "Paged"],
  ["PATCH", "inputs/jobs/extraction", cancelExtractionJobs, "ByIds"],
  ["GET", "inputs/jobs/extraction/*", getExtractionJob, "JobByPath"],
  ["GET", "inputs/*/annotations/*", getAnnotation, "ByPath"],
  ["DELETE", "inputs/*/annotations/*", deleteAnnotation, "ByPath"],
  ["GET", "inputs/*", getInput, "ByPath"],
  ["DELETE", "inputs/*", deleteInput, "ByPath"],
  ["POST", "annotations", postAnnotations, "PostAnnotations", "annotations"],
  ["GET", "annotations", listAnnotations, "ListAnnotations", "annotations"],
  ["PATCH", "annotations", patchAnnotations, "PatchAnnotations", "annotations"],
  ["DELETE", "annotations", deleteAnnotations, "DeletePairs"],
  ["POST", "annotations/searches", postAnnotationSearches, "SearchAnnotations", "hits"],
  ["POST", "searches", postSearches, "PostSearches", "hits"],
  ["GET", "searches", listSearches, "Paged", "searches"],
  ["POST", "searches/*", postSearchById, "PostSearchesById", "hits"],
  ["GET", "searches/*", getSearch, "ByPath", "searches"],
  ["DELETE", "searches/*", deleteSearch, "ByPath"],
  ["POST", "concepts", postConcepts, "PostConcepts", "concepts"],
  ["GET", "concepts", listConcepts, "ListConcepts", "concepts"],
  ["PATCH", "concepts", patchConcepts, "PatchConcepts", "concepts"],
  ["GET", "concepts/status", countConcepts, "Paged", "concept_counts"],
  ["POST", "concepts/searches", searchConcepts, "SearchConcepts", "concepts"],
  ["GET", "concepts/*", getConcept, "ByPath"],
  ["GET", "datasets", listDatasets, "ListDatasets", "datasets"],
  ["POST", "datasets", postDatasets, "PostDatasets", "datasets"],
  ["PATCH", "datasets", patchDatasets, "PatchDatasets", "datasets"],
  ["DELETE", "datasets", deleteDatasets, "DeleteDatasets"],
  ["GET", "datasets/*/inputs", listDatasetInputs, "ListMembers", "dataset_inputs"],
  ["POST", "datasets/*/inputs", postDatasetInputs, "PostDatasetInputs", "dataset_inputs"],
  ["DELETE", "datasets/*/inputs", deleteDatasetInputs, "DeleteDatasetInputs"],
  ["GET", "datasets/*/inputs/*", getDatasetInput, "ByPath"],
  ["GET", "datasets/*/versions", listDatasetVersions, "ListDatasetVersions", "dataset_versions"],
  ["POST", "datasets/*/versions", postDatasetVersions, "PostDatasetVersions", "dataset_versions"],
  ["PATCH", "datasets/*/versions", patchDatasetVersions, "PatchDatasetVersions", "dataset_versions"],
  ["DELETE", "datasets/*/versions", deleteDatasetVersions, "DeleteDatasetVersions"],
  ["GET", "datasets/*/versions/*", getDatasetVersion, "ByPath"],
  [
    ...(["GET", "datasets/*/versions/*/metrics", listDatasetVersionMetrics, "ListDatasetVersionMetrics"] as const),
    "dataset_version_metrics_groups",
  ],
  ["PUT", "datasets/*/versions/*/exports", putDatasetVersionExports, "PutDatasetVersionExports", "exports"],
  ["GET", "datasets/*", getDataset, "ByPath"],
  ["POST", "uploads", postUploads, "PostUploads"],
  ["GET", "uploads", listUploads, "Paged"],
  ["DELETE", "uploads", deleteUploads, "ByIds"],
  ["GET", "uploads/*", getUpload, "JobByPath"],
  ["PUT", "uploads/*/content_parts", putContentParts, "PutContentParts"],
  ["POST", "bulk_operations", postBulkOperations, "PostBulkOperations"],
  ["GET", "bulk_operations", listBulkOperations, "Paged"],
  ["PATCH", "bulk_operations", cancelBulkOperations, "ByIds"],
  ["DELETE", "bulk_operations", deleteBulkOperations, "ByIds"],
  ["GET", "bulk_operations/*", getBulkOperation, "ByPath"],
  ["GET", "myscopes", myScopes, "Nothing"],
  ["GET", "my_scopes", myScopes, "Nothing"],
  ["GET", "app", getApp, "ByPath"],
  ["GET", "", getApp, "ByPath"],
  ["DELETE", "", deleteApp, "Nothing"],
];

/** Routes of a user. The key of an app is not enough for them. */
export const userRoutes: readonly RouteEntry<UserRoute>[] = [
  ["GET", "apps", listApps, "ListApps", "apps"],
  ["POST", "apps", postApps, "PostApps", "apps"],
  ["PATCH", "apps", patchApps, "PatchApps", "apps"],
  ["GET", "datasets", listDatasetsOfUser, "ListDatasets", "datasets"],
  ["GET", "", getUser, "ByPath"],
];
