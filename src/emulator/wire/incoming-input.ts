/** Inputs of requests, as the store keeps them. */

import { limits } from "../../clarifai/limits.js";
import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { type Kind, kinds } from "../../core/input/kinds.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { StoredMedia } from "../media/media-files.js";
import type { Fields } from "../store/model.js";
import { checkFits } from "./annotation-rules.js";
import { checkId } from "./ids.js";
import { annotationsIn, type IncomingAnnotation, incomingAnnotation } from "./incoming-annotation.js";
import { incomingConcepts, incomingFields, type NamedConcept } from "./incoming-fields.js";
import { objectIn } from "./lenient-json.js";
import { ItemRefusal } from "./refusals.js";

export interface IncomingInput {
  id: string | undefined;
  kind: Kind;
  /** The media objects by kind, without bytes. */
  media: JsonObject;
  stored: StoredMedia | undefined;
  url: string | undefined;
  allowDuplicateUrl: boolean;
  fields: Fields;
  /** Concepts with their names. */
  concepts: NamedConcept[];
  datasets: string[];
  /** One annotation for each region, frame and time segment of the input. */
  annotations: IncomingAnnotation[];
}

/** Returns the stored media of a placeholder, which stands for the bytes in the body. */
export type MediaLookup = (placeholder: string) => StoredMedia | undefined;

/** Reads an input. @throws {ItemRefusal} 24155, 30104, 30105, 30106, 30300, 39999, 40003 */
export function incomingInput(value: JsonObject, mediaOf: MediaLookup): IncomingInput {
  const id = idIn(value);
  const data = objectIn(value.data);
  const { kind, media, stored, url, allowDuplicateUrl } = incomingMedia(data, mediaOf);
  const concepts = incomingConcepts(data.concepts);
  const datasets = Array.isArray(value.dataset_ids) ? value.dataset_ids.map(String) : [];
  for (const dataset of datasets) checkId("dataset_ids", dataset);
  const fields = incomingFields(data);
  const annotations = annotationsIn(data).map(incomingAnnotation);
  for (const annotation of annotations) checkFits(annotation.data, { kind, media });
  return { id, kind, media, stored, url, allowDuplicateUrl, fields, concepts, datasets, annotations };
}

function idIn({ id }: JsonObject): string | undefined {
  if (typeof id !== "string") return undefined;
  if (id.length > limits.maxIdLength) {
    throw new ItemRefusal(statusCodes.INPUT_INVALID_REQUEST, "id must be between 1 and 48 characters long");
  }
  return checkId("id", id);
}

type IncomingMedia = Pick<IncomingInput, "kind" | "media" | "stored" | "url" | "allowDuplicateUrl">;

/** Reads the media of an input: one medium, or an image with its text. */
function incomingMedia(data: JsonObject, mediaOf: MediaLookup): IncomingMedia {
  const present = kinds.filter((kind) => isObject(data[kind]));
  const [kind, second] = present;
  if (kind === undefined) throw invalid("the input has no image, video, audio or text");
  const isImageWithText = present.length === 2 && kind === "image" && second === "text";
  if (present.length > 1 && !isImageWithText) throw invalid(`one input cannot have ${present.join(" and ")}`);
  const main = data[kind] as JsonObject;
  const { json, stored, url } = incomingMedium(kind, main, mediaOf);
  const media = { [kind]: json };
  if (second !== undefined) media[second] = incomingMedium(second, data[second] as JsonObject, mediaOf).json;
  return { kind, media, stored, url, allowDuplicateUrl: main.allow_duplicate_url === true };
}

interface IncomingMedium {
  /** The media object without bytes. */
  json: JsonObject;
  stored?: StoredMedia | undefined;
  url?: string | undefined;
}

function incomingMedium(kind: Kind, medium: JsonObject, mediaOf: MediaLookup): IncomingMedium {
  const url = typeof medium.url === "string" ? medium.url : undefined;
  const raw = kind === "text" && typeof medium.raw === "string" ? medium.raw : undefined;
  const placeholder = kind !== "text" && typeof medium.base64 === "string" ? medium.base64 : undefined;
  if ([url, raw, placeholder].filter((content) => content !== undefined).length !== 1) {
    throw invalid(`${kind} must have exactly one of ${kind === "text" ? "url or raw" : "url or base64"}`);
  }
  if (raw !== undefined) {
    checkSize("text", Buffer.byteLength(raw));
    return { json: { raw } };
  }
  if (url !== undefined) {
    if (/^(https?|s3):\/\/./i.test(url) && !/\p{Cc}/u.test(url)) return { json: { url }, url };
    throw new ItemRefusal(statusCodes.INPUT_INVALID_URL, `"${url}" is not a URL that can be fetched`);
  }
  const stored = mediaOf(placeholder as string);
  if (!stored?.valid) throw new ItemRefusal(statusCodes.ALL_INPUT_INVALID_BYTES, "the bytes are not valid base64");
  if (stored.sizeBytes === 0) throw new ItemRefusal(statusCodes.ALL_INPUT_INVALID_BYTES, "the content is empty");
  checkSize(kind, stored.sizeBytes, kind === "video" && stored.isUnpacked ? limits.maxLargeVideoBytes + 1 : undefined);
  return { json: {}, stored };
}

function checkSize(kind: Kind, sizeBytes: number, limit: number = limits.maxItemBytes[kind]): void {
  if (sizeBytes < limit) return;
  throw new ItemRefusal(
    statusCodes.INPUT_OVER_LIMIT,
    `the ${kind} has ${sizeBytes} bytes; it must have less than ${limit}`,
  );
}

function invalid(details: string): ItemRefusal {
  return new ItemRefusal(statusCodes.INPUT_INVALID_ARGUMENT, details);
}
