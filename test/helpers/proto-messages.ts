/** Converts messages of the API with the classes that the vendor generated: requests to the JSON of REST, and answers from it. */

import resources from "clarifai-nodejs-grpc/proto/clarifai/api/resources_pb";
import messages from "clarifai-nodejs-grpc/proto/clarifai/api/service_pb";
import statuses from "clarifai-nodejs-grpc/proto/clarifai/api/status/status_pb";
import type { Envelope, StatusJson } from "./http.js";

/** A request that adds inputs, as JSON, with the app that its message names. */
export interface PostedJson {
  userId: string;
  appId: string;
  body: { inputs: Record<string, unknown>[]; inputs_add_job_id: string; input_id_conflict_resolution?: string };
}

/** Decodes a PostInputsRequest into the JSON of `POST /inputs`. */
export function postedJson(bytes: Uint8Array): PostedJson {
  const request = messages.PostInputsRequest.deserializeBinary(bytes);
  const suffix = request.getInputIdConflictResolution() === resources.InputIDConflictResolution.SUFFIX;
  return {
    userId: request.getUserAppId()?.getUserId() ?? "",
    appId: request.getUserAppId()?.getAppId() ?? "",
    body: {
      inputs: request.getInputsList().map(inputJson),
      inputs_add_job_id: request.getInputsAddJobId(),
      ...(suffix ? { input_id_conflict_resolution: "SUFFIX" } : {}),
    },
  };
}

/** Encodes the JSON of an answer to `POST /inputs` as a MultiInputResponse. */
export function inputsAnswer(json: Partial<Envelope>): Uint8Array {
  const answer = new messages.MultiInputResponse();
  if (json.status) answer.setStatus(statusMessage(json.status));
  for (const { id, status } of json.inputs ?? []) {
    const input = new resources.Input();
    input.setId(id);
    if (status) input.setStatus(statusMessage(status));
    answer.addInputs(input);
  }
  return answer.serializeBinary();
}

/** Encodes an answer to GetStatusCode. */
export function statusCodeAnswer(status: StatusJson): Uint8Array {
  const answer = new messages.SingleStatusCodeResponse();
  answer.setStatus(statusMessage(status));
  return answer.serializeBinary();
}

function statusMessage({ code, description, details, req_id: requestId }: StatusJson) {
  const status = new statuses.Status();
  status.setCode(code);
  status.setDescription(description ?? "");
  status.setDetails(details ?? "");
  status.setReqId(requestId ?? "");
  return status;
}

type InputMessage = ReturnType<InstanceType<typeof messages.PostInputsRequest>["getInputsList"]>[number];

function inputJson(input: InputMessage): Record<string, unknown> {
  const message = input.getData();
  if (!message) throw new Error("an input has no data");
  const data: Record<string, unknown> = {};
  const media = { image: message.getImage(), video: message.getVideo(), audio: message.getAudio() };
  for (const [kind, value] of Object.entries(media)) {
    if (!value) continue;
    data[kind] = value.getUrl()
      ? { url: value.getUrl(), allow_duplicate_url: value.getAllowDuplicateUrl() }
      : { base64: value.getBase64_asB64() };
  }
  const text = message.getText();
  if (text)
    data.text = text.getUrl()
      ? { url: text.getUrl(), allow_duplicate_url: text.getAllowDuplicateUrl() }
      : { raw: text.getRaw() };
  const concepts = message.getConceptsList();
  if (concepts.length > 0) {
    data.concepts = concepts.map((concept) => ({
      id: concept.getId(),
      name: concept.getName(),
      value: shortest(concept.getValue()),
    }));
  }
  const point = message.getGeo()?.getGeoPoint();
  if (point)
    data.geo = { geo_point: { longitude: shortest(point.getLongitude()), latitude: shortest(point.getLatitude()) } };
  const metadata = message.getMetadata();
  if (metadata) data.metadata = metadata.toJavaScript();
  const datasets = input.getDatasetIdsList();
  return { id: input.getId(), ...(datasets.length > 0 ? { dataset_ids: datasets } : {}), data };
}

/** Returns the shortest number that has the same 32 bits, as the JSON of protobuf writes a float. */
function shortest(float: number): number {
  for (let digits = 1; digits < 9; digits += 1) {
    const rounded = Number(float.toPrecision(digits));
    if (Math.fround(rounded) === float) return rounded;
  }
  return float;
}
