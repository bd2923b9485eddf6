/** Makes inputs of the model, and items of sources, from listed inputs. */

import type { Input, InputDraft } from "../../core/input/input.js";
import type { SourceItem } from "../../core/plugin/source.js";
import type { App } from "../client/app.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import { listedOf } from "./listed.js";

/** Makes the input of a listed one, with the parts of its record that were read apart. */
export function listedInput(
  wire: WireInput,
  datasets: readonly string[],
  annotations: readonly ListedAnnotation[] = [],
): Input {
  return { ...inputFromWire(wire), annotations: annotations.map(plainAnnotation), datasets: [...datasets] };
}

/** Makes the item of a listed input; `annotations` are undefined if they were not read. */
export function inputItem(
  app: App,
  wire: WireInput,
  input: Input,
  annotations: readonly ListedAnnotation[] | undefined,
): SourceItem {
  // The journal key consists of id and creation time, so that a change by a flow does not make it another input.
  const key = input.createdAt === undefined ? undefined : `${input.id}\n${input.createdAt}`;
  return { origin: input.id, input: input as InputDraft, key, listed: listedOf(app, wire, annotations) };
}
