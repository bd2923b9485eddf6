/** Formats inputs as text: a few lines for a console. */

import { redactUrl } from "../redact-urls.js";
import { bytesText, countText, printable } from "../util/format/format.js";
import { shorten } from "../util/format/shorten.js";
import { nameOfContent } from "./content.js";
import { fieldNames } from "./fields/fields.js";
import { type Annotation, type Concept, type Content, type Frame, type Input, kindOf, mediaOf } from "./input.js";

/** The method that Node.js and Deno call when they print a value. */
export const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

const maxTextLength = 160;
const maxNames = 12;

type Format<Value> = (value: NonNullable<Value>) => string;

/** Formats the value of each field; undefined for the fields in the first line and for those that are not printed. */
const formats: { readonly [Name in keyof Required<Input>]: Format<Input[Name]> | undefined } = {
  id: undefined,
  image: undefined,
  video: undefined,
  audio: undefined,
  text: (text) => `${shortText(text)} (${countText(text.length)} characters)`,
  textUrl: (url) => shortText(redactUrl(url)),
  concepts: (concepts) => namesText(concepts.map(nameOf)),
  metadata: metadataText,
  geo: ({ longitude, latitude }) => `longitude ${longitude}, latitude ${latitude}`,
  annotations: (annotations) => namesText(annotations.map(annotationText)),
  datasets: namesText,
  status: ({ code, description }) => `${code} ${description ?? ""}`.trim(),
  createdAt: undefined,
  modifiedAt: undefined,
};

/** Formats an input in a few lines: id and content, then its other fields. */
export function inputText(input: Input): string {
  const media = mediaOf(input);
  const lines = [`${input.id}  ${kindOf(input) ?? "no content"}${media ? `  ${contentText(media.content)}` : ""}`];
  for (const name of fieldNames) {
    const [value, format] = [input[name], formats[name] as Format<unknown> | undefined];
    if (!format || value === undefined || isEmptyValue(value)) continue;
    lines.push(`  ${(name === "textUrl" ? "text" : name).padEnd(11)} ${format(value as object)}`);
  }
  return lines.map(printable).join("\n");
}

/** Whether a value is an empty list or object. */
function isEmptyValue(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function nameOf({ id, name }: Concept): string {
  return name ?? id;
}

/** `box cat+dog`, `mask cat`, `whole cat`. */
export function annotationText(annotation: Annotation): string {
  const { frame, timeSegment, span, concepts } = annotation;
  const shape = (["box", "polygon", "point", "mask", "span"] as const).find((name) => annotation[name]);
  const around = frame ? frameText(frame) : timeSegment ? `${timeSegment.begin}–${timeSegment.end}` : undefined;
  const inner = span
    ? `span ${span.start}–${span.end}`
    : (shape ?? (around ? undefined : (otherShape(annotation.data) ?? "whole")));
  return [around, inner, concepts.map(nameOf).join("+")].filter((part) => part).join(" ");
}

/** `frame at 1.5 s`, or `frame 45` if only its number is known. */
function frameText({ timeMs, number, index }: Frame): string {
  return timeMs === undefined ? `frame ${number ?? index ?? 0}` : `frame at ${timeMs / 1000} s`;
}

/** Names the shape of an annotation without a typed form: `point`, `mask`, `frames`. */
function otherShape(data: Annotation["data"]): string | undefined {
  const { regions, ...around } = data ?? {};
  const [region] = Array.isArray(regions) ? regions : [];
  const info = (region as { region_info?: object } | null | undefined)?.region_info;
  const [shape] = Object.keys(info ?? {});
  return shape ?? ["frames", "time_segments", "tracks"].find((field) => field in around);
}

function contentText(content: Content): string {
  const { width, height, mimeType } = content;
  const parts: string[] = [];
  if ("path" in content) parts.push(nameOfContent(content));
  else if (!("bytes" in content)) parts.push(shortText(nameOfContent(content)));
  if ("bytes" in content) parts.push(`${bytesText(content.bytes.byteLength)} in memory`);
  else if ("sizeBytes" in content && content.sizeBytes !== undefined) parts.push(bytesText(content.sizeBytes));
  if (mimeType !== undefined) parts.push(mimeType);
  if (width !== undefined && height !== undefined) parts.push(`${width} × ${height}`);
  return parts.join(", ");
}

function metadataText(metadata: Input["metadata"]): string {
  const entries = Object.entries(metadata).slice(0, maxNames);
  const more = Object.keys(metadata).length - entries.length;
  const texts = entries.map(([key, value]) => `${key}: ${shortText(JSON.stringify(value) ?? "")}`);
  return `${texts.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}

function namesText(all: readonly string[]): string {
  const more = all.length - maxNames;
  return `${all.slice(0, maxNames).map(shortText).join(", ")}${more > 0 ? `, and ${countText(more)} more` : ""}`;
}

function shortText(text: string): string {
  return shorten(text, maxTextLength);
}
