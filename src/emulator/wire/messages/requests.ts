/** Messages of whole requests. Each request may also name its app. */

import { fields, type Messages, paging } from "./message.js";

/** Messages by name. */
export const requestMessages: Messages = {
  PostInputs: {
    inputs: "Input[]",
    inputs_add_job_id: "string",
    input_id_conflict_resolution: "ConflictResolution",
  },
  ListInputs: { ...paging, ids: "string[]", status: "Status" },
  StreamInputs: { per_page: "int", last_id: "string", order_by_id: "bool", descending: "bool" },
  PatchInputs: { inputs: "Input[]", action: "string" },
  PostAnnotations: { annotations: "Annotation[]" },
  ListAnnotations: {
    ...{ ...paging, ids: "string[]", input_ids: "string[]", user_ids: "string[]", model_version_ids: "string[]" },
    ...{ workflow_version_ids: "string[]", statuses: "Status[]", list_all_annotations: "bool" },
    ...{ return_model_output: "bool", task_id: "string" },
  },
  PatchAnnotations: { annotations: "Annotation[]", action: "string", delete_if_empty_data: "bool" },
  DeletePairs: { ids: "string[]", input_ids: "string[]" },
  PostConcepts: { concepts: "NewConcept[]" },
  ListConcepts: { ...paging, id: "string" },
  PatchConcepts: { concepts: "NewConcept[]", action: "string" },
  SearchConcepts: { concept_query: "ConceptQuery", pagination: "Pagination", extra_info: "any" },
  ListDatasets: {
    ...{ ...paging, search: "string", id: "string", additional_fields: "string[]", sort_ascending: "bool" },
    ...{
      sort_by_created_at: "bool",
      sort_by_star_count: "unsupported",
      sort_by_modified_at: "bool",
      sort_by_id: "bool",
    },
    ...{ sort_by_relevance: "unsupported", starred_only: "unsupported", bookmark: "unsupported" },
  },
  PostDatasets: { datasets: "Dataset[]" },
  PatchDatasets: { datasets: "Dataset[]", action: "string" },
  DeleteDatasets: { dataset_ids: "string[]" },
  PostDatasetVersions: { dataset_id: "any", dataset_versions: "DatasetVersion[]" },
  PatchDatasetVersions: { dataset_id: "any", dataset_versions: "DatasetVersion[]", action: "string" },
  DeleteDatasetVersions: { dataset_id: "any", dataset_version_ids: "string[]" },
  PutDatasetVersionExports: { dataset_id: "any", dataset_version_id: "any", exports: "DatasetVersionExport[]" },
  ListDatasetVersions: { ...paging, dataset_id: "any", request_origins: "unsupported" },
  ListDatasetVersionMetrics: {
    ...{ ...paging, dataset_id: "any", dataset_version_id: "any" },
    ...fields("unsupported", "parent_paths types values"),
  },
  PostDatasetInputs: { dataset_id: "any", dataset_inputs: "DatasetInput[]", search: "Search" },
  DeleteDatasetInputs: { dataset_id: "any", input_ids: "string[]" },
  SearchInputs: { searches: "Search[]", pagination: "Pagination", only_count: "bool" },
  SearchAnnotations: { searches: "Search[]", pagination: "Pagination" },
  PostSearches: { searches: "Search[]", pagination: "Pagination", query: "Query" },
  PostBulkOperations: { bulk_operations: "BulkOperation[]" },
  PostSearchesById: { id: "any", pagination: "Pagination" },
  // The first clients delete everything with delete_all. The current definition no longer has it.
  DeleteInputs: { ids: "string[]", delete_all: "bool" },
  ByIds: { ids: "string[]" },
  Paged: paging,
  PostApps: { apps: "App[]" },
  PatchApps: { apps: "App[]", action: "string", metadata_action: "unsupported", reindex: "any" },
  ListApps: {
    ...{ ...paging, additional_fields: "string[]", search: "string", query: "string", name: "string", id: "string" },
    ...{ sort_ascending: "bool", sort_by_name: "bool", sort_by_created_at: "bool", sort_by_id: "bool" },
    ...fields("unsupported", "sort_by_modified_at sort_by_star_count sort_by_relevance featured_only starred_only"),
    ...fields("unsupported", "template_only visibility"),
  },
  ListMembers: { ...paging, dataset_id: "any" },
  // The ids in the path win over those in the body.
  ByPath: {
    ...{ id: "any", input_id: "any", annotation_id: "any", concept_id: "any", dataset_id: "any" },
    ...{ dataset_version_id: "any", additional_fields: "string[]" },
  },
};
