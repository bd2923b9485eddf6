/** Encoding: the JSON of an input as the API takes it, with a gap where the bytes of its file go. */

import { describeError, InputError } from "../../core/errors.js";
import {
  type Concept,
  type Content,
  type GeoPoint,
  type Input,
  type Json,
  mediaOf,
  type UrlContent,
} from "../../core/input/input.js";

/** Metadata key under which an upload keeps the fingerprint of the content, so that a later look-up can tell what is there. */
export const fingerprintKey = "sluice_fingerprint";
/** Characters of a fingerprint. */
export const fingerprintLength = 16;

/** An input as JSON in pieces: `head`, base64 of the media, `tail`, fingerprint of the content, `end`. */
export interface Encoded {
  head: string;
  tail: string;
  end: string;
  /** What is sent as base64 between head and tail. */
  media?: Content | undefined;
  /** What is encoded. */
  input: Input;
  /** Bytes of the media before base64. */
  mediaBytes: number;
  /** Bytes of the whole, as sent. */
  bytes: number;
}

/** Length of the base64 of `bytes` bytes, with padding. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** A concept as the API takes it. */
export function wireConcept(concept: Concept): { id: string; name: string; value: number } {
  return { id: concept.id, name: concept.name ?? concept.id, value: concept.value ?? 1 };
}

/** Metadata, concepts and place of an input, as the API takes them; what is empty is left out. */
export function wireFields(input: Pick<Input, "concepts" | "metadata" | "geo">): { [key: string]: Json } {
  const fields: { [key: string]: Json } = {};
  if (input.concepts.length > 0) fields.concepts = input.concepts.map(wireConcept);
  if (hasKeys(input.metadata)) fields.metadata = input.metadata as Json;
  if (input.geo) fields.geo = wireGeo(input.geo);
  return fields;
}

/**
 * Encodes an input for `POST …/inputs`. Its length is known without reading its file, by arithmetic; the file's `sizeBytes` must be
 * known.
 */
export function encodeInput(input: Input): Encoded {
  const media = mediaOf(input);
  const datasets = input.datasets.length > 0 ? `,"dataset_ids":${JSON.stringify(input.datasets)}` : "";
  const start = `{"id":${JSON.stringify(input.id)}${datasets},"data":{`;
  const end = '"}}}';
  const fields = fieldsText(input);

  if (!media || "url" in media.content) {
    const head = `${start}${media ? urlText(media.kind, (media.content as UrlContent).url) : ""}${fields}`;
    const bytes = Buffer.byteLength(head) + fingerprintLength + end.length;
    return { head, tail: "", end, input, mediaBytes: 0, bytes };
  }
  const head = `${start}"${media.kind}":{"base64":"`;
  const tail = `"},${fields}`;
  const mediaBytes = "bytes" in media.content ? media.content.bytes.byteLength : (media.content.sizeBytes ?? 0);
  const skeleton = Buffer.byteLength(head) + Buffer.byteLength(tail) + fingerprintLength + end.length;
  const bytes = skeleton + base64Length(mediaBytes);
  return { head, tail, end, media: media.content, input, mediaBytes, bytes };
}

/** The metadata of an input that has none, up to the place of the fingerprint. */
const fingerprintAlone = `"metadata":{"${fingerprintKey}":"`;

/** Everything but the medium, up to the place of the fingerprint, which comes last. */
function fieldsText(input: Input): string {
  let text = "";
  if (input.text !== undefined) text += `"text":{"raw":${JSON.stringify(input.text)}},`;
  else if (input.textUrl !== undefined) text += `${urlText("text", input.textUrl)}`;
  if (input.concepts.length > 0) text += `"concepts":${JSON.stringify(input.concepts.map(wireConcept))},`;
  if (input.geo) text += `"geo":${JSON.stringify(wireGeo(input.geo))},`;
  if (!hasKeys(input.metadata)) return text + fingerprintAlone;
  return `${text}"metadata":${metadataText(input.metadata).slice(0, -1)},"${fingerprintKey}":"`;
}

function metadataText(metadata: Input["metadata"]): string {
  try {
    return JSON.stringify(metadata);
  } catch (error) {
    throw new InputError("ERR_METADATA", `the metadata is not JSON: ${describeError(error)}`, { cause: error });
  }
}

function urlText(kind: string, url: string): string {
  return `"${kind}":{"url":${JSON.stringify(url)},"allow_duplicate_url":true},`;
}

function wireGeo({ longitude, latitude }: GeoPoint): Json {
  return { geo_point: { longitude, latitude } };
}

function hasKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
