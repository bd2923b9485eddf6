/** Looking: how inputs and results print on a console, and show in notebooks. */

import { OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import { inputText, inspectCustom } from "../input/input-text.js";
import { formatValue } from "../util/format-value.js";

/** What the Jupyter kernel of Deno calls for the result of a cell; it takes MIME types and their texts. */
const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

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
  throw new OptionsError(
    "ERR_OPTIONS",
    `htmlOf: takes a report, preview, plan, input or inputs, got ${formatValue(value)}`,
  );
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
  const { framedSheet } = await import("./pages.js");
  return framedSheet(inputs);
}
