/** The route that adds inputs. */

import { limits } from "../../../clarifai/limits.js";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { describeFile } from "../../../core/input/describe.js";
import { kinds } from "../../../core/input/kinds.js";
import { isObject, type Json, type JsonObject } from "../../../core/util/json/json-values.js";
import type { DescribedFiles } from "../../media/inspect-media.js";
import { checkId } from "../../wire/ids.js";
import type { IncomingAnnotation } from "../../wire/incoming-annotation.js";
import { outgoingData, outgoingInput, outgoingJob } from "../../wire/outgoing.js";
import { Refusal } from "../../wire/refusals.js";
import { type Status, status } from "../../wire/status.js";
import { type Call, type ItemResult, objectsOf, outgoing, overallStatus, type Reply } from "../context.js";
import { acceptInputs, type Item } from "./accept-inputs.js";

/** The number of SUFFIX in the enumeration of conflict resolutions. */
const suffixOnConflict = 2;

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
  const items = acceptInputs(call, values, { jobId, addSuffix, described });
  processing.add(
    items.flatMap((item) => ("row" in item ? [item.row] : [])),
    described,
  );
  const results = items.map((item) => resultOf(call, item));
  const job = jobId === undefined ? undefined : store.job(app.seq, jobId);
  return {
    status: requestStatus(results),
    json: { inputs: results.map((item) => item.json), ...(job ? { inputs_add_job: outgoingJob(job) } : {}) },
  };
}

function requestStatus(results: readonly ItemResult[]): Status {
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

function resultOf(call: Call, item: Item): ItemResult {
  if ("refusal" in item) {
    const { id, data } = item.value;
    const sent = { ...(id === undefined ? {} : { id }), ...(isObject(data) ? { data: withoutContent(data) } : {}) };
    return { failed: true, json: { ...sent, status: item.refusal.status } };
  }
  const { input, row } = item;
  const json = outgoingInput(row, outgoing(call), { media: input.media, fields: input.fields });
  if (input.annotations.length === 0) return { failed: false, json };
  const data = { ...(json.data as JsonObject), ...annotatedParts(call, input.annotations) };
  return { failed: false, json: { ...json, data } };
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
