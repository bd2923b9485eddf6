/** The table of routes: literal paths stand before those with a parameter. */

import {
  deleteAnnotation,
  deleteAnnotations,
  getAnnotation,
  listAnnotations,
  patchAnnotations,
  postAnnotations,
} from "./annotations.js";
import { deleteApp, getApp, getUser, listApps, myScopes, postApps, statusCodes, type UserRoute } from "./apps.js";
import { countConcepts, getConcept, listConcepts, patchConcepts, postConcepts, searchConcepts } from "./concepts.js";
import type { Route } from "./context.js";
import {
  deleteDatasetInputs,
  deleteDatasets,
  getDataset,
  getDatasetInput,
  listDatasetInputs,
  listDatasets,
  patchDatasets,
  postDatasetInputs,
  postDatasets,
} from "./datasets.js";
import {
  countInputs,
  deleteInput,
  deleteInputs,
  getInput,
  listInputs,
  patchInputs,
  postInputs,
  streamInputs,
} from "./inputs.js";
import { cancelJob, getJob, listJobs } from "./jobs.js";
import {
  cancelBulkOperations,
  deleteBulkOperations,
  getBulkOperation,
  listBulkOperations,
  postBulkOperations,
  postSearches,
} from "./searches.js";

type Entry<R> = [method: string, pattern: string, route: R];

/** Routes of an app; `*` is one part of the path. */
export const appRoutes: readonly Entry<Route>[] = [
  ["POST", "inputs", postInputs],
  ["GET", "inputs", listInputs],
  ["PATCH", "inputs", patchInputs],
  ["DELETE", "inputs", deleteInputs],
  ["GET", "inputs/stream", streamInputs],
  ["GET", "inputs/status", countInputs],
  ["POST", "inputs/searches", postSearches],
  ["DELETE", "inputs/annotations", deleteAnnotations],
  ["GET", "inputs/jobs/add", listJobs],
  ["GET", "inputs/jobs/add/*", getJob],
  ["PATCH", "inputs/jobs/add/*", cancelJob],
  ["GET", "inputs/*/annotations/*", getAnnotation],
  ["DELETE", "inputs/*/annotations/*", deleteAnnotation],
  ["GET", "inputs/*", getInput],
  ["DELETE", "inputs/*", deleteInput],
  ["POST", "annotations", postAnnotations],
  ["GET", "annotations", listAnnotations],
  ["PATCH", "annotations", patchAnnotations],
  ["DELETE", "annotations", deleteAnnotations],
  ["POST", "annotations/searches", postSearches],
  ["POST", "searches", postSearches],
  ["POST", "concepts", postConcepts],
  ["GET", "concepts", listConcepts],
  ["PATCH", "concepts", patchConcepts],
  ["GET", "concepts/status", countConcepts],
  ["POST", "concepts/searches", searchConcepts],
  ["GET", "concepts/*", getConcept],
  ["GET", "datasets", listDatasets],
  ["POST", "datasets", postDatasets],
  ["PATCH", "datasets", patchDatasets],
  ["DELETE", "datasets", deleteDatasets],
  ["GET", "datasets/*/inputs", listDatasetInputs],
  ["POST", "datasets/*/inputs", postDatasetInputs],
  ["DELETE", "datasets/*/inputs", deleteDatasetInputs],
  ["GET", "datasets/*/inputs/*", getDatasetInput],
  ["GET", "datasets/*", getDataset],
  ["POST", "bulk_operations", postBulkOperations],
  ["GET", "bulk_operations", listBulkOperations],
  ["PATCH", "bulk_operations", cancelBulkOperations],
  ["DELETE", "bulk_operations", deleteBulkOperations],
  ["GET", "bulk_operations/*", getBulkOperation],
  ["GET", "myscopes", myScopes],
  ["GET", "my_scopes", myScopes],
  ["GET", "app", getApp],
  ["GET", "", getApp],
  ["DELETE", "", deleteApp],
];

/** Routes of a user. */
export const userRoutes: readonly Entry<UserRoute>[] = [
  ["GET", "apps", listApps],
  ["POST", "apps", postApps],
  ["GET", "", getUser],
];

export { statusCodes };

export interface Match<R> {
  route: R;
  /** The parts of the path that `*` stood for, decoded. */
  parts: string[];
}

/** Finds a route; "path" when nothing has this path, "method" when only other methods have it. */
export function findRoute<R>(
  table: readonly Entry<R>[],
  method: string,
  parts: readonly string[],
): Match<R> | "path" | "method" {
  let pathExists = false;
  for (const [entryMethod, pattern, route] of table) {
    const wanted = pattern === "" ? [] : pattern.split("/");
    if (wanted.length !== parts.length || !wanted.every((part, index) => part === "*" || part === parts[index]))
      continue;
    pathExists = true;
    if (entryMethod === method) return { route, parts: parts.filter((_, index) => wanted[index] === "*") };
  }
  return pathExists ? "method" : "path";
}
