/** Converts between the JSON of the API and the input model. */

import type { Frozen } from "../../core/input/fields/field-schemas.js";
import type { Concept, Content, GeoPoint, Input, MediaKind, UrlContent } from "../../core/input/input.js";
import { isObject, type JsonObject } from "../../core/util/json/json-values.js";
import type { Dataset, InputCounts } from "../client/app-types.js";
import { contentHashKey } from "./content-hash-key.js";
import { statusFrom, type WireStatus } from "./status.js";

/** The rendition that has the bytes as they were uploaded. */
export const original = "orig";

/** An input in an answer of the API, as far as this client reads it. */
export interface WireInput {
  id: string;
  data: Record<string, unknown>;
  status: WireStatus | undefined;
  createdAt: string | undefined;
  modifiedAt: string | undefined;
}

/** Reads a list of an answer; undefined if the answer has none. */
export function listOf(json: Record<string, unknown>, field: string): Record<string, unknown>[] | undefined {
  const list = json[field];
  return Array.isArray(list) ? list.filter(isObject) : undefined;
}

const noData: Record<string, unknown> = Object.freeze({});

export function wireInput(value: Record<string, unknown>): WireInput {
  return {
    id: String(value.id ?? ""),
    data: isObject(value.data) ? value.data : noData,
    status: statusFrom(value.status),
    createdAt: textOf(value.created_at),
    modifiedAt: textOf(value.modified_at),
  };
}

/** Reads the content hash that an upload wrote into the metadata of an input. */
export function storedContentHash(input: WireInput): string | undefined {
  const { metadata } = input.data;
  return isObject(metadata) ? textOf(metadata[contentHashKey]) : undefined;
}

/** Converts an input of the API to the input model; contents become URLs. */
export function inputFromWire(wire: WireInput): Input {
  const { data } = wire;
  const metadata = isObject(data.metadata) ? { ...(data.metadata as JsonObject) } : {};
  delete metadata[contentHashKey];
  const text = isObject(data.text) ? data.text : undefined;
  const raw = textOf(text?.raw);
  const textUrl = raw === undefined ? (hostedUrl(text) ?? textOf(text?.url)) : undefined;
  return {
    id: wire.id,
    ...media("image", data.image),
    ...media("video", data.video),
    ...media("audio", data.audio),
    ...(raw === undefined ? {} : { text: raw }),
    ...(textUrl === undefined ? {} : { textUrl }),
    concepts: conceptsFromWire(data.concepts),
    metadata,
    ...location(data.geo),
    annotations: [],
    datasets: [],
    ...(wire.status ? { status: plainStatus(wire.status) } : {}),
    ...(wire.createdAt === undefined ? {} : { createdAt: wire.createdAt }),
    ...(wire.modifiedAt === undefined ? {} : { modifiedAt: wire.modifiedAt }),
  };
}

export function conceptsFromWire(value: unknown): Concept[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((concept) => ({
    id: String(concept.id ?? ""),
    name: String(concept.name ?? concept.id ?? ""),
    value: typeof concept.value === "number" ? concept.value : 1,
  }));
}

function media(kind: MediaKind, value: unknown): { [kind in MediaKind]?: Content } {
  if (!isObject(value)) return {};
  const hosted = hostedUrl(value);
  const renditions = hosted === undefined ? [] : renditionsOf(value);
  const url = textOf(value.url) ?? hosted;
  if (url === undefined) return {};
  const info = isObject(value.image_info) ? value.image_info : isObject(value.video_info) ? value.video_info : {};
  const { width, height } = info;
  return {
    [kind]: {
      url,
      ...(hosted === undefined ? {} : { hostedUrl: hosted }),
      ...(renditions.length === 0 ? {} : { renditions }),
      ...(typeof width === "number" && typeof height === "number" ? { width, height } : {}),
    },
  };
}

/** Reads the address of the original bytes, if the platform stores them. */
function hostedUrl(value: Record<string, unknown> | undefined): string | undefined {
  const hosted = value && isObject(value.hosted) ? value.hosted : undefined;
  if (!hosted || typeof hosted.prefix !== "string" || typeof hosted.suffix !== "string") return undefined;
  return `${hosted.prefix}/${original}/${hosted.suffix}`;
}

/** Reads the names of the sizes that the platform stores besides the original. */
function renditionsOf({ hosted }: Record<string, unknown>): string[] {
  const sizes = isObject(hosted) && Array.isArray(hosted.sizes) ? hosted.sizes : [];
  return sizes.filter((size) => typeof size === "string" && size !== original) as string[];
}

/** Returns the address of a rendition of listed media; undefined if the platform stores no such one. */
export function renditionUrl(
  { hostedUrl: url, renditions = [] }: Frozen<UrlContent>,
  name: string,
): string | undefined {
  if (name === original || url === undefined) return url;
  return renditions.includes(name) ? url.replace(`/${original}/`, `/${encodeURIComponent(name)}/`) : undefined;
}

function location(value: unknown): { geo?: GeoPoint } {
  const point = isObject(value) && isObject(value.geo_point) ? value.geo_point : undefined;
  if (!point) return {};
  return { geo: { longitude: Number(point.longitude ?? 0), latitude: Number(point.latitude ?? 0) } };
}

function plainStatus({ code, description, details }: WireStatus): NonNullable<Input["status"]> {
  return { code, ...(description === undefined ? {} : { description }), ...(details === undefined ? {} : { details }) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

export function inputCountsFromWire(value: unknown): InputCounts {
  const counts = isObject(value) ? value : {};
  return {
    processed: Number(counts.processed ?? 0),
    toProcess: Number(counts.to_process ?? 0),
    errors: Number(counts.errors ?? 0),
    processing: Number(counts.processing ?? 0),
  };
}

export function datasetFromWire({ id, description }: Record<string, unknown>): Dataset {
  return { id: String(id ?? ""), ...(typeof description === "string" ? { description } : {}) };
}

/** Reads the id of the input of a member; undefined if the answer has none. */
export function memberId({ input }: Record<string, unknown>): string | undefined {
  return isObject(input) ? textOf(input.id) : undefined;
}

/** Reads the status of a member of a dataset, which is a field of the member or of its input. */
export function memberStatus({ status, input }: Record<string, unknown>): WireStatus | undefined {
  return statusFrom(status) ?? (isObject(input) ? statusFrom(input.status) : undefined);
}
