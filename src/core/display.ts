/** Looking: how inputs and results print on a console, and show in notebooks. */

import { OptionsError } from "./errors.js";
import { bytesText, countText, printable } from "./format.js";
import { type Annotation, type Content, type Input, kindOf, mediaOf } from "./input.js";
import { shown } from "./plugin.js";
import { shownUrl } from "./secret-urls.js";

/** What Node.js and Deno call when a value is printed. */
export const inspectCustom = Symbol.for("nodejs.util.inspect.custom");
/** What the Jupyter kernel of Deno calls for the result of a cell; it takes MIME types and their texts. */
const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

const maxTextLength = 160;
const maxNames = 12;

/** Lets an object print as text, and show as HTML in notebooks; neither is seen by whoever lists, copies or compares its fields. */
export function displayed<T extends object>(object: T, text: () => string, html: () => Promise<string>): T {
  const bundle = async () => ({ "text/plain": text(), "text/html": await html() });
  return Object.defineProperties(object, { [inspectCustom]: { value: text }, [jupyterDisplay]: { value: bundle } });
}

/**
 * What reports, previews, plans and inputs show in notebooks, as HTML: a page in a frame that runs nothing, or lines of text. For kernels that do not
 * ask the values themselves, but take HTML from a call.
 *
 * @param value a report, preview, plan or input as Sluice gave it, or a list of inputs, of which it shows the first 100
 * @throws {OptionsError} (rejects) ERR_OPTIONS when it is something else
 * @example tslab.display.html(await htmlOf(report));
 */
export async function htmlOf(value: object): Promise<string> {
  if (Array.isArray(value) && value.every(isDisplayed)) return sheetHtml(value as unknown as Input[]);
  if (isDisplayed(value)) return (await value[jupyterDisplay]())["text/html"];
  throw new OptionsError("ERR_OPTIONS", `htmlOf: takes a report, preview, plan, input or inputs, got ${shown(value)}`);
}

/** A copy of an input that prints in a few lines, and shows as a card in notebooks. */
export function displayedInput(input: Input): Input {
  return displayed(
    { ...input },
    () => inputText(input),
    () => sheetHtml([input]),
  );
}

function isDisplayed(value: unknown): value is { [jupyterDisplay]: () => Promise<{ "text/html": string }> } {
  return typeof value === "object" && value !== null && jupyterDisplay in value;
}

/** Inputs as cards, for notebooks; what that needs is loaded on first use. */
export async function sheetHtml(inputs: readonly Input[]): Promise<string> {
  const { framedSheet } = await import("./report/pages.js");
  return framedSheet(inputs);
}

/** An input in a few lines: id and content, then what there is of concepts, metadata, place and annotations. */
export function inputText(input: Input): string {
  const { id, text, textUrl, concepts, metadata, geo, annotations, datasets, status } = input;
  const media = mediaOf(input);
  const lines = [`${id}  ${kindOf(input) ?? "no content"}${media ? `  ${contentText(media.content)}` : ""}`];
  const add = (name: string, value: string) => lines.push(`  ${name.padEnd(11)} ${value}`);
  if (text !== undefined) add("text", `${shortText(text)} (${countText(text.length)} characters)`);
  if (textUrl !== undefined) add("text", shortText(shownUrl(textUrl)));
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
  else if ("url" in content) parts.push(shortText(shownUrl(content.url)));
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
