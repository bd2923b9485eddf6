/** Messages of datasets, apps and bulk operations. */

import { fields, type Messages, times } from "./message.js";

/** Messages by name. */
export const collectionMessages: Messages = {
  Dataset: {
    ...{ id: "string", app_id: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ visibility: "Visibility", image: "Image", version: "any", is_starred: "any", star_count: "any", ...times },
    ...{ default_annotation_filter: "unsupported", default_processing_info: "unsupported", bookmark_origin: "any" },
  },
  DatasetVersion: {
    ...{ id: "string", description: "string", metadata: "json", ...times, app_id: "any", user_id: "any" },
    ...fields("any", "dataset_id status metrics export_info request_origin embed_model_version_ids"),
    visibility: "Visibility",
    ...fields("unsupported", "annotation_filter_config model_predict_config processing_info"),
  },
  DatasetVersionExport: { format: "ExportFormat", include_embeddings: "bool", status: "any", url: "any", size: "any" },
  DatasetInput: { created_at: "time", input: "Input" },
  App: {
    ...{ id: "string", name: "string", user_id: "string", description: "string", metadata: "json", notes: "string" },
    ...{ default_language: "string", visibility: "Visibility", image: "Image", default_workflow_id: "any", ...times },
    ...{ default_workflow: "any", legal_consent_status: "any", sample_ms: "any", data_tier_id: "any" },
    ...{ is_starred: "any", star_count: "any", is_template: "any", extra_info: "any", embeddings_storage: "any" },
  },

  BulkOperation: {
    ...{ id: "string", input_ids: "InputIDs", search: "Search", dataset: "Dataset", annotation_search: "unsupported" },
    ...{ operation: "Operation", app_id: "any", status: "any", progress: "any", created_by: "any" },
    ...{ created_at: "any", last_modified_at: "any" },
  },
  InputIDs: { input_ids: "string[]" },
  Operation: {
    ...{ add_concepts: "WithConcepts", delete_concepts: "DeleteConcepts", add_metadata: "WithMetadata" },
    ...{ delete_metadata: "WithMetadata", overwrite_geo: "WithGeo", delete_geo: "Nothing" },
    ...{ add_to_dataset: "WithDataset", delete_from_dataset: "WithDataset", split_into_datasets: "SplitIntoDatasets" },
    delete_annotations: "Nothing",
  },
  WithConcepts: { concepts: "Concept[]" },
  DeleteConcepts: { concepts: "Concept[]", user_ids: "string[]" },
  WithMetadata: { metadata: "json" },
  WithGeo: { geo: "Geo" },
  WithDataset: { dataset_id: "string" },
  SplitIntoDatasets: { dataset_splits: "DatasetSplit[]", method: "SplitMethod" },
  DatasetSplit: { dataset: "Dataset", percentage: "int" },
  Nothing: {},
};
