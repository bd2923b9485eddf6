/** Display: prints inputs and results on a console, and shows them in notebooks. */

import { OptionsError } from "../errors.js";
import type { Input } from "../input/input.js";
import { inputText, inspectCustom } from "../input/input-text.js";
import { formatValue } from "../util/format/format-value.js";

/** The method that the Jupyter kernel of Deno calls for the result of a cell. It returns texts by MIME type. */
const jupyterDisplay: unique symbol = Symbol.for("Jupyter.display");

/** Lets an object print as text, and show as HTML in notebooks. The methods are not enumerable, so lists, copies and comparisons of fields ignore them. */
export function displayed<T extends object>(object: T, text: () => string, html: () => Promise<string>): T {
  const bundle = async () => ({ "text/plain": text(), "text/html": await html() });
  return Object.defineProperties(object, { [inspectCustom]: { value: text }, [jupyterDisplay]: { value: bundle } });
}

/**
 * Formats a report, preview, plan or input as HTML for a notebook: tables, pictures and lines of text, without scripts and styles. Use it in kernels that
 * do not call `Jupyter.display` of the values.
 *
 * @param value a report, preview, plan or input as Sluice returned it, or a list of inputs, of which it shows the first 100
 * @throws {OptionsError} (rejects) ERR_OPTIONS for another value
 * @example
 * import { writeFile } from "node:fs/promises";
 * await writeFile("preview.html", await htmlOf(await flow(folder("./photos")).preview()));
 */
export async function htmlOf(value: object): Promise<string> {
  if (Array.isArray(value) && value.every(isDisplayed)) return sheetHtml(value as unknown as Input[]);
  if (isDisplayed(value)) return (await value[jupyterDisplay]())["text/html"];
  throw new OptionsError(
    "ERR_OPTIONS",
    `htmlOf: takes a report, preview, plan, input or inputs, got ${formatValue(value)}`,
  );
}

/** Copies an input; the copy prints in a few lines, and shows as a card in notebooks. */
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

/** Formats inputs as cards for notebooks. Loads the code for that on first use. */
export async function sheetHtml(inputs: readonly Input[]): Promise<string> {
  const { inputsHtml } = await import("./pages.js");
  return inputsHtml(inputs);
}
