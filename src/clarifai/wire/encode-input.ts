/** Encodes inputs as the JSON of the API, with a gap for the bytes of the file. */

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
import { contentHashKey } from "./content-hash-key.js";

/** Characters of a content hash. */
export const contentHashLength = 16;

/** An encoded input, as limits see it. */
export interface SizedInput {
  /** Bytes of the media before any encoding. */
  mediaBytes: number;
  /** Bytes of the encoded input, as sent. */
  bytes: number;
}

/** An input as JSON in pieces: `head`, base64 of the media, `tail`, content hash, `end`. */
export interface Encoded extends SizedInput {
  head: string;
  tail: string;
  end: string;
  /** The content that is sent as base64 between head and tail. */
  media?: Content | undefined;
  /** The encoded input. */
  input: Input;
}

/** Computes the length of the base64 of `bytes` bytes, with padding. */
export function base64Length(bytes: number): number {
  return Math.ceil(bytes / 3) * 4;
}

/** Converts a concept to the form of the API. */
export function wireConcept(concept: Concept): { id: string; name: string; value: number } {
  return { id: concept.id, name: concept.name ?? concept.id, value: concept.value ?? 1 };
}

/** Converts metadata, concepts and location of an input to the form of the API; empty fields are left out. */
export function wireFields(input: Pick<Input, "concepts" | "metadata" | "geo">): { [key: string]: Json } {
  const fields: { [key: string]: Json } = {};
  if (input.concepts.length > 0) fields.concepts = input.concepts.map(wireConcept);
  if (hasKeys(input.metadata)) fields.metadata = input.metadata as Json;
  if (input.geo) fields.geo = wireGeo(input.geo);
  return fields;
}

/**
 * Encodes an input for `POST …/inputs`. It computes the length without reading the file, so the file's `sizeBytes` must be known.
 */
export function encodeInput(input: Input): Encoded {
  const media = mediaOf(input);
  const datasets = input.datasets.length > 0 ? `,"dataset_ids":${JSON.stringify(input.datasets)}` : "";
  const start = `{"id":${JSON.stringify(input.id)}${datasets},"data":{`;
  const end = '"}}}';
  const fields = fieldsText(input);

  if (!media || "url" in media.content) {
    const head = `${start}${media ? urlText(media.kind, (media.content as UrlContent).url) : ""}${fields}`;
    const bytes = Buffer.byteLength(head) + contentHashLength + end.length;
    return { head, tail: "", end, input, mediaBytes: 0, bytes };
  }
  const head = `${start}"${media.kind}":{"base64":"`;
  const tail = `"},${fields}`;
  const mediaBytes = "bytes" in media.content ? media.content.bytes.byteLength : (media.content.sizeBytes ?? 0);
  const skeleton = Buffer.byteLength(head) + Buffer.byteLength(tail) + contentHashLength + end.length;
  const bytes = skeleton + base64Length(mediaBytes);
  return { head, tail, end, media: media.content, input, mediaBytes, bytes };
}

/** The metadata of an input without metadata, up to the content hash. */
const contentHashAlone = `"metadata":{"${contentHashKey}":"`;

/** Encodes all fields but the media, up to the content hash, which comes last. */
function fieldsText(input: Input): string {
  let text = "";
  if (input.text !== undefined) text += `"text":{"raw":${JSON.stringify(input.text)}},`;
  else if (input.textUrl !== undefined) text += `${urlText("text", input.textUrl)}`;
  if (input.concepts.length > 0) text += `"concepts":${JSON.stringify(input.concepts.map(wireConcept))},`;
  if (input.geo) text += `"geo":${JSON.stringify(wireGeo(input.geo))},`;
  if (!hasKeys(input.metadata)) return text + contentHashAlone;
  return `${text}"metadata":${metadataText(input.metadata).slice(0, -1)},"${contentHashKey}":"`;
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
