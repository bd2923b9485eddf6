/** The route that adds inputs. */

import { limits } from "../../../clarifai/limits.js";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { describeFile } from "../../../core/input/content.js";
import { kinds } from "../../../core/input/kinds.js";
import { isObject, type Json, type JsonObject } from "../../../core/util/json-values.js";
import { type DescribedFiles, pixelProblem } from "../../media/inspect-media.js";
import { shareOf } from "../../server/faults.js";
import type { InputRow } from "../../store/model.js";
import { newId, timestamp } from "../../store/store.js";
import { checkId } from "../../wire/ids.js";
import type { IncomingAnnotation } from "../../wire/incoming-annotation.js";
import { type IncomingInput, incomingInput } from "../../wire/incoming-input.js";
import { outgoingData, outgoingInput, outgoingJob } from "../../wire/outgoing.js";
import { ItemRefusal, Refusal } from "../../wire/refusals.js";
import { type Status, status } from "../../wire/status.js";
import { type Call, type ItemResult, objectsOf, outgoing, overallStatus, type Reply } from "../context.js";
import { addToDataset, ensureDataset } from "../dataset-members.js";

interface Posted extends ItemResult {
  /** Number of the new input. */
  seq?: number;
}

/** What the inputs of a request share. */
interface PostOptions {
  jobId: string | undefined;
  /** An id that already exists gets a suffix. */
  addSuffix: boolean;
  /** The ids of earlier inputs of the request. */
  requestedIds: Set<string>;
  described: DescribedFiles;
}

/** The number of SUFFIX in the enumeration of conflict resolutions. */
const suffixOnConflict = 2;
const maxSuffix = 9;

/** POST …/inputs */
export async function postInputs(call: Call): Promise<Reply> {
  const { services, app, body } = call;
  const { store, processing } = services;
  const values = objectsOf(body.inputs, "inputs");
  checkRequestSize(call, values);
  const jobId =
    typeof body.inputs_add_job_id === "string" ? checkId("inputs_add_job_id", body.inputs_add_job_id) : undefined;
  const described = await describeImages(call, values);
  const addSuffix = body.input_id_conflict_resolution === suffixOnConflict;
  const options: PostOptions = { jobId, addSuffix, requestedIds: new Set(), described };
  const results = store.transaction(() => {
    if (jobId !== undefined) store.addJob(app.seq, jobId);
    const posted = values.map((value) => postOne(call, value, options));
    const accepted = posted.filter((result) => !result.failed).length;
    if (jobId !== undefined && accepted > 0) store.count(app.seq, jobId, "pending", undefined, accepted);
    return posted;
  });
  processing.add(
    results.flatMap(({ seq }) => (seq === undefined ? [] : [seq])),
    described,
  );
  const job = jobId === undefined ? undefined : store.job(app.seq, jobId);
  return {
    status: requestStatus(results),
    json: { inputs: results.map((item) => item.json), ...(job ? { inputs_add_job: outgoingJob(job) } : {}) },
  };
}

function requestStatus(results: readonly Posted[]): Status {
  const overall = overallStatus(results, "inputs");
  return overall.code === statusCodes.SUCCESS ? status(overall.code, "All inputs successfully added") : overall;
}

/** Refuses a video that is not the only input of its request, and a request over the limit without a video. */
function checkRequestSize({ bodyBytes }: Call, values: readonly JsonObject[]): void {
  const hasVideo = values.some((value) => isObject(value.data) && isObject(value.data.video));
  if (hasVideo && values.length > 1) {
    throw new Refusal(statusCodes.INPUT_INVALID_REQUEST, "a video must be the only input of its request");
  }
  if (hasVideo || bodyBytes < limits.maxRequestBytes) return;
  const details = `the request has ${bodyBytes} bytes; it must have less than ${limits.maxRequestBytes}`;
  throw new Refusal(statusCodes.RPC_MAX_MESSAGE_SIZE_EXCEEDED, details);
}

/** Describes the images of a request by their SHA-256, so that an image with too many pixels is refused before it is processed. */
async function describeImages({ services, media }: Call, values: readonly JsonObject[]): Promise<DescribedFiles> {
  const described: DescribedFiles = new Map();
  for (const { data } of values) {
    const placeholder = isObject(data) && isObject(data.image) ? data.image.base64 : undefined;
    const stored = typeof placeholder === "string" ? media(placeholder) : undefined;
    if (!stored?.valid || stored.sizeBytes === 0 || described.has(stored.sha256)) continue;
    try {
      described.set(stored.sha256, await describeFile(services.files.pathOf(stored.sha256), "image"));
    } catch {
      // The processing of the input reports the error.
    }
  }
  return described;
}

function postOne(call: Call, value: JsonObject, options: PostOptions): Posted {
  try {
    return addInput(call, incomingInput(value, call.media), options);
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    const { id, data } = value;
    const sent = { ...(id === undefined ? {} : { id }), ...(isObject(data) ? { data: withoutContent(data) } : {}) };
    return { failed: true, json: { ...sent, status: error.status } };
  }
}

function addInput(
  call: Call,
  input: IncomingInput,
  { jobId, addSuffix, requestedIds, described }: PostOptions,
): Posted {
  const { app, mixed, services } = call;
  if (mixed && shareOf(input.id ?? "") < mixed.share) throw new ItemRefusal(mixed.code, "injected");
  const content = described.get(input.stored?.sha256 ?? "")?.content;
  const problem = content && pixelProblem(content);
  if (input.kind === "image" && problem !== undefined) throw new ItemRefusal(statusCodes.INPUT_OVER_LIMIT, problem);
  const id = freeId(call, input.id, addSuffix, requestedIds);
  if (input.url !== undefined && !input.allowDuplicateUrl) checkUrl(call, input.url);
  const datasets = input.datasets.map((dataset) => ensureDataset(call, dataset));
  if (input.id !== undefined) requestedIds.add(input.id);
  const seq = insert(call, input, id, jobId);
  for (const dataset of datasets) addToDataset(call, dataset, seq);
  for (const annotation of input.annotations) services.store.insertAnnotation(app.seq, id, annotation);
  const json = outgoingInput(services.store.input(app.seq, id) as InputRow, outgoing(call));
  const data = { ...(json.data as JsonObject), ...annotatedParts(call, input.annotations) };
  return { failed: false, json: { ...json, data }, seq };
}

/** Returns the regions, frames and time segments of a new input, as its annotations have them. */
function annotatedParts(call: Call, annotations: readonly IncomingAnnotation[]): JsonObject {
  const parts: Record<string, Json[]> = {};
  for (const { data } of annotations) {
    for (const [name, list] of Object.entries(outgoingData(data, outgoing(call)))) {
      parts[name] = [...(parts[name] ?? []), ...(list as Json[])];
    }
  }
  return parts;
}

/** Returns the data of a refused input without their content. */
function withoutContent(data: JsonObject): JsonObject {
  const entries = Object.entries(data).map(([key, value]) => {
    if (!(kinds as readonly string[]).includes(key) || !isObject(value)) return [key, value] as const;
    const { base64: _, raw: __, ...rest } = value;
    return [key, rest] as const;
  });
  return Object.fromEntries(entries);
}

function insert({ services, app }: Call, input: IncomingInput, id: string, jobId: string | undefined): number {
  const { store } = services;
  store.ensureConcepts(app.seq, input.concepts);
  const now = timestamp();
  return store.insertInput({
    app: app.seq,
    id,
    kind: input.kind,
    media: JSON.stringify(input.media),
    fields: JSON.stringify(input.fields),
    sha256: input.stored?.sha256 ?? null,
    size_bytes: input.stored?.sizeBytes ?? 0,
    url: input.url ?? null,
    status: statusCodes.INPUT_PENDING,
    details: null,
    job: jobId ?? null,
    created_at: now,
    modified_at: now,
  });
}

/** Returns an id that no input has: the requested one, the same with a suffix, or a new one. @throws {ItemRefusal} 30100 */
function freeId(
  { services, app }: Call,
  id: string | undefined,
  addSuffix: boolean,
  requestedIds: Set<string>,
): string {
  if (id === undefined) return newId();
  const exists = (candidate: string) => services.store.input(app.seq, candidate) !== undefined;
  if (!requestedIds.has(id) && !exists(id)) return id;
  if (requestedIds.has(id) || !addSuffix) {
    throw new ItemRefusal(statusCodes.INPUT_DUPLICATE, "Input has a duplicate ID.");
  }
  for (let n = 1; n <= maxSuffix; n += 1) if (!exists(`${id}-${n}`)) return `${id}-${n}`;
  return `${id}-${newId().slice(0, 6)}`;
}

function checkUrl({ services, app }: Call, url: string): void {
  if (services.store.get("SELECT 1 AS found FROM inputs WHERE app = ? AND url = ? LIMIT 1", app.seq, url)) {
    throw new ItemRefusal(statusCodes.INPUT_DUPLICATE, "Input has a duplicate URL.");
  }
}
