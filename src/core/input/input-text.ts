/** Inputs as text: a few lines for a console. */

import { redactUrl } from "../redact-urls.js";
import { bytesText, countText, printable } from "../util/format.js";
import { type Annotation, type Content, type Input, kindOf, mediaOf } from "./input.js";

/** The method that Node.js and Deno call when they print a value. */
export const inspectCustom = Symbol.for("nodejs.util.inspect.custom");

const maxTextLength = 160;
const maxNames = 12;

/** An input in a few lines: id and content, then what there is of concepts, metadata, place and annotations. */
export function inputText(input: Input): string {
  const { id, text, textUrl, concepts, metadata, geo, annotations, datasets, status } = input;
  const media = mediaOf(input);
  const lines = [`${id}  ${kindOf(input) ?? "no content"}${media ? `  ${contentText(media.content)}` : ""}`];
  const add = (name: string, value: string) => lines.push(`  ${name.padEnd(11)} ${value}`);
  if (text !== undefined) add("text", `${shortText(text)} (${countText(text.length)} characters)`);
  if (textUrl !== undefined) add("text", shortText(redactUrl(textUrl)));
  if (concepts.length > 0) add("concepts", names(concepts.map((concept) => concept.name ?? concept.id)));
  if (Object.keys(metadata).length > 0) add("metadata", metadataText(metadata));
  if (geo) add("geo", `longitude ${geo.longitude}, latitude ${geo.latitude}`);
  if (annotations.length > 0) {
    const drawn = annotations.map((one) => {
      const shape = one.box ? "box" : one.polygon ? "polygon" : (otherShape(one.data) ?? "whole");
      return `${shape} ${one.concepts.map((concept) => concept.name ?? concept.id).join("+")}`.trim();
    });
    add("annotations", names(drawn));
  }
  if (datasets.length > 0) add("datasets", names(datasets));
  if (status) add("status", `${status.code} ${status.description ?? ""}`.trim());
  return lines.map(printable).join("\n");
}

/** What an annotation without a typed form is: `point`, `mask`, `frames`. */
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
  if ("path" in content) parts.push(content.path);
  else if ("url" in content) parts.push(shortText(redactUrl(content.url)));
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

function names(all: readonly string[]): string {
  const more = all.length - maxNames;
  return `${all.slice(0, maxNames).map(shortText).join(", ")}${more > 0 ? `, and ${countText(more)} more` : ""}`;
}

function shortText(text: string): string {
  return text.length <= maxTextLength ? text : `${text.slice(0, maxTextLength)}…`;
}
