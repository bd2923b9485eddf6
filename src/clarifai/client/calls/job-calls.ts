/** The calls for jobs: those that add inputs, and those that unpack archives; and for what begins them. */

import { listOf } from "../../wire/decode-answers.js";
import { addJobFromWire, extractionFromWire, partUploadFromWire } from "../../wire/decode-jobs.js";
import { wireFields } from "../../wire/encode-input.js";
import type {
  AddJob,
  BucketCredentials,
  DataSource,
  ExtractionJob,
  IngestFields,
  PageOptions,
  PartUpload,
} from "../app-types.js";
import type { ReplayableBody } from "../call.js";
import { pathPart } from "../path-part.js";
import { AppCalls } from "./app-calls.js";

export class JobCalls extends AppCalls {
  /** Returns the state of a job that adds inputs; undefined if the answer has none. */
  async getAddJob(id: string, signal?: AbortSignal): Promise<AddJob | undefined> {
    const { json } = await this.call("GET", `/inputs/jobs/add/${pathPart(id)}`, { signal });
    const job = addJobFromWire(json.inputs_add_job);
    return job && { ...job, id };
  }

  /** Lists one page of the jobs that add inputs. */
  async listAddJobs(options: PageOptions = {}): Promise<AddJob[]> {
    const query = { page: options.page, per_page: options.perPage };
    const { json } = await this.call("GET", "/inputs/jobs/add", { query, signal: options.signal });
    return jobsIn(json);
  }

  /** Cancels a job that adds inputs, and returns its state. Inputs that it has added stay. */
  async cancelAddJob(id: string, signal?: AbortSignal): Promise<AddJob | undefined> {
    const { json } = await this.call("PATCH", `/inputs/jobs/add/${pathPart(id)}`, { json: {}, signal });
    const job = addJobFromWire(json.inputs_add_job);
    return job && { ...job, id };
  }

  /** Asks the server to read buckets or archives by itself. Returns the job of each. */
  async postDataSources(sources: readonly DataSource[], signal?: AbortSignal): Promise<AddJob[]> {
    const list = sources.map(({ url, credentials, ...fields }) => ({
      ...ingestFields(fields),
      url: { url, ...(credentials ? { credentials: wireCredentials(credentials) } : {}) },
    }));
    const { json } = await this.call("POST", "/inputs/data_sources", { json: { data_sources: list }, signal });
    return jobsIn(json);
  }

  /** Begins the upload of archives in parts. Returns the job of each, with the upload that takes the parts. */
  async postInputsUploads(
    archives: readonly (IngestFields & { name: string; sizeBytes: number })[],
    signal?: AbortSignal,
  ): Promise<AddJob[]> {
    const list = archives.map(({ name, sizeBytes, ...fields }) => ({
      ...ingestFields(fields),
      upload: { content_name: name, content_length: sizeBytes },
    }));
    const { json } = await this.call("POST", "/inputs/uploads", { json: { inputs_uploads: list }, signal });
    return jobsIn(json);
  }

  /** Sends parts of an upload with a body that `partBody` makes. Sending a part again changes nothing. */
  async putContentParts(uploadId: string, body: ReplayableBody, signal?: AbortSignal): Promise<PartUpload> {
    const path = `/uploads/${pathPart(uploadId)}/content_parts`;
    const { json } = await this.call("PUT", path, { body, signal });
    return partUploadFromWire((json.upload ?? {}) as Record<string, unknown>);
  }

  /** Returns the state of an upload in parts. */
  async getUpload(id: string, signal?: AbortSignal): Promise<PartUpload> {
    const { json } = await this.call("GET", `/uploads/${pathPart(id)}`, { signal });
    return partUploadFromWire((json.upload ?? {}) as Record<string, unknown>);
  }

  /** Lists one page of the uploads in parts. */
  async listUploads(options: PageOptions = {}): Promise<PartUpload[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.list("/uploads", "uploads", { query, signal: options.signal }, partUploadFromWire);
  }

  /** Deletes uploads in parts. Inputs that were made from them stay. */
  async deleteUploads(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.call("DELETE", "/uploads", { json: { ids }, signal });
  }

  /** Returns the state of a job that unpacks archives. */
  async getExtractionJob(id: string, signal?: AbortSignal): Promise<ExtractionJob> {
    const { json } = await this.call("GET", `/inputs/jobs/extraction/${pathPart(id)}`, { signal });
    return extractionFromWire((json.inputs_extraction_job ?? {}) as Record<string, unknown>);
  }

  /** Lists one page of the jobs that unpack archives. */
  async listExtractionJobs(options: PageOptions = {}): Promise<ExtractionJob[]> {
    const query = { page: options.page, per_page: options.perPage };
    const list = { query, signal: options.signal };
    return this.list("/inputs/jobs/extraction", "inputs_extraction_jobs", list, extractionFromWire);
  }

  /** Cancels jobs that unpack archives, and returns their states. Inputs that they have added stay. */
  async cancelExtractionJobs(ids: readonly string[], signal?: AbortSignal): Promise<ExtractionJob[]> {
    const { json } = await this.call("PATCH", "/inputs/jobs/extraction", { json: { ids }, signal });
    return (listOf(json, "inputs_extraction_jobs") ?? []).map(extractionFromWire);
  }
}

function jobsIn(json: Record<string, unknown>): AddJob[] {
  return (listOf(json, "inputs_add_jobs") ?? []).map(addJobFromWire).filter((job) => job !== undefined);
}

function ingestFields({ jobId, conflict = "skip", datasets = [], concepts = [], metadata = {}, geo }: IngestFields) {
  const data = wireFields({ concepts, metadata, geo });
  const template = {
    ...(Object.keys(data).length > 0 ? { data } : {}),
    ...(datasets.length > 0 ? { dataset_ids: datasets } : {}),
  };
  return {
    inputs_add_job_id: jobId,
    input_id_conflict_resolution: conflict === "suffix" ? "SUFFIX" : "SKIP",
    ...(Object.keys(template).length > 0 ? { input_template: template } : {}),
  };
}

function wireCredentials(credentials: BucketCredentials) {
  if ("s3" in credentials) return { s3_creds: credentials.s3 };
  if ("gcp" in credentials) {
    return { gcp_creds: Buffer.from(credentials.gcp.serviceAccountJson).toString("base64") };
  }
  const { accountName, accountKey } = credentials.azure;
  return { azure_blob_creds: { account_name: accountName, account_key: accountKey } };
}
