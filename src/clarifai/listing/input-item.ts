/** Makes the item of a source from a listed input. */

import type { InputDraft } from "../../core/input/input.js";
import type { SourceItem } from "../../core/plugin/source.js";
import type { App } from "../client/app.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import { inputFromWire, type WireInput } from "../wire/decode-answers.js";
import { listedOf } from "./listed.js";

/** Makes the item of a listed input; `annotations` are undefined if they were not read. */
export function inputItem(
  app: App,
  wire: WireInput,
  annotations: readonly ListedAnnotation[] | undefined,
  datasets: readonly string[],
): SourceItem {
  const input = inputFromWire(wire);
  const record = { annotations: (annotations ?? []).map(plainAnnotation), datasets };
  // The journal key consists of id and creation time, so that a change by a flow does not make it another input.
  const key = input.createdAt === undefined ? undefined : `${input.id}\n${input.createdAt}`;
  return {
    origin: input.id,
    input: { ...input, ...record } as InputDraft,
    key,
    listed: listedOf(app, wire, annotations),
  };
}
