/** Encoding: the JSON of an input as the API takes it, with a gap where the bytes of its file go. */

import { type Concept, type Content, type Input, type Json, mediaOf } from "./input.js";

/** An input as JSON in two pieces around its base64; `bytes` is the length of all of it as sent. */
export interface Encoded {
  head: string;
  tail: string;
  /** What is sent as base64 between head and tail. */
  media?: Content | undefined;
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
  if (input.geo) {
    fields.geo = { geo_point: { longitude: input.geo.longitude, latitude: input.geo.latitude } };
  }
  return fields;
}

/**
 * Encodes an input for `POST …/inputs`. Its length is known without reading its file, by arithmetic.
 * The file's `sizeBytes` must be known.
 */
export function encodeInput(input: Input): Encoded {
  const fields = JSON.stringify(wireFields(input)).slice(1, -1);
  const datasets = input.datasets.length > 0 ? `,"dataset_ids":${JSON.stringify(input.datasets)}` : "";
  const start = `{"id":${JSON.stringify(input.id)}${datasets},"data":{`;
  const parts: string[] = [];
  if (input.text !== undefined) parts.push(`"text":{"raw":${JSON.stringify(input.text)}}`);
  else if (input.textUrl !== undefined) parts.push(`"text":{"url":${JSON.stringify(input.textUrl)}}`);
  if (fields !== "") parts.push(fields);

  const media = mediaOf(input);
  if (!media) return whole(`${start}${parts.join(",")}}}`);
  if ("url" in media.content) {
    parts.unshift(`"${media.kind}":{"url":${JSON.stringify(media.content.url)},"allow_duplicate_url":true}`);
    return whole(`${start}${parts.join(",")}}}`);
  }
  const head = `${start}"${media.kind}":{"base64":"`;
  const tail = parts.length > 0 ? `"},${parts.join(",")}}}` : `"}}}`;
  const mediaBytes = "bytes" in media.content ? media.content.bytes.byteLength : (media.content.sizeBytes ?? 0);
  const bytes = Buffer.byteLength(head) + Buffer.byteLength(tail) + base64Length(mediaBytes);
  return { head, tail, media: media.content, mediaBytes, bytes };
}

function whole(head: string): Encoded {
  return { head, tail: "", mediaBytes: 0, bytes: Buffer.byteLength(head) };
}

function hasKeys(object: object): boolean {
  for (const _ in object) return true;
  return false;
}
