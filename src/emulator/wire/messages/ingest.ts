/** Messages of uploads in parts, archives and sources that the server reads by itself. */

import { fields, type Messages, times } from "./message.js";

/** Messages by name. */
export const ingestMessages: Messages = {
  PostDataSources: { data_sources: "DataSource[]", call_back_url: "unsupported", app_pat: "any" },
  DataSource: {
    ...{ inputs_add_job_id: "string", url: "DataSourceUrl", input_template: "InputTemplate" },
    input_id_conflict_resolution: "ConflictResolution",
  },
  DataSourceUrl: { url: "string", credentials: "DataSourceCredentials" },
  DataSourceCredentials: { s3_creds: "S3Credentials", gcp_creds: "string", azure_blob_creds: "AzureCredentials" },
  S3Credentials: fields("string", "region id secret token"),
  AzureCredentials: fields("string", "account_name account_key"),
  PostInputsUploads: { inputs_uploads: "InputsUpload[]" },
  InputsUpload: {
    ...{ inputs_add_job_id: "string", app_pat: "any", upload: "Upload", input_template: "InputTemplate" },
    input_id_conflict_resolution: "ConflictResolution",
  },
  // The fields of an input that make sense for many: the rest would make all inputs of an archive the same.
  InputTemplate: {
    data: "TemplateData",
    dataset_ids: "string[]",
    ...fields("unsupported", "id settings"),
    ...times,
    status: "any",
  },
  TemplateData: {
    ...{ concepts: "Concept[]", metadata: "json", geo: "Geo" },
    ...fields("unsupported", "image video audio text regions frames time_segments"),
  },
  PostUploads: { uploads: "Upload[]" },
  Upload: {
    ...{ content_name: "string", content_length: "int", ...times },
    ...fields("any", "id status expires_at content_url"),
  },
  PutContentParts: { upload_id: "any", content_parts: "ContentPart[]" },
  ContentPart: { range_start: "int!", part_number: "int!", data: "bytes" },
  JobByPath: { inputs_extraction_job_id: "any", upload_id: "any" },
};
