/** The options that select inputs of an app. */

import { type Command, InvalidArgumentError } from "commander";
import type { Kind } from "../../core/input/input.js";
import { kinds } from "../../core/input/kinds.js";
import type { ListInputsOptions } from "../../sources/list-inputs.js";
import { notEmpty, several, severalOf, wholeNumber } from "./parsing.js";

export interface SelectingOptions {
  id?: string[];
  kind?: Kind[];
  dataset?: string;
  status?: number;
}

/** Adds the options. */
export function withSelection(command: Command): Command {
  return command
    .optionsGroup("Which inputs:")
    .option("--id <id>", "only this input; may be repeated", (text, before?: string[]) => several(idText(text), before))
    .option("--kind <kind>", `only this kind (${kinds.join(", ")}); may be repeated`, severalOf(kinds))
    .option("--dataset <id>", "only inputs of this dataset", idText)
    .option("--status <code>", "only inputs with this status code: 30000 processed, 30002 failed", wholeNumber(0));
}

/** Parses an id. If an unquoted shell variable is empty, Commander reads the next option as the id, so this refuses it. */
function idText(text: string): string {
  if (!text.startsWith("--")) return notEmpty(text);
  throw new InvalidArgumentError("It is an option, not an id; is a shell variable empty?");
}

/** Converts the options to those of `listInputs`, which refuses filters that are undefined. */
export function selectionOf({ id, kind, dataset, status }: SelectingOptions): ListInputsOptions {
  return {
    ...(id && { ids: id }),
    ...(kind && { kinds: kind }),
    ...(dataset !== undefined && { dataset }),
    ...(status !== undefined && { status }),
  };
}

/** Formats the selection for a question, to stand before the app: `the dataset "old" in `. */
export function selectionText({ id = [], kind = [], dataset, status }: SelectingOptions): string {
  const parts = [
    ...(dataset === undefined ? [] : [`the dataset ${JSON.stringify(dataset)}`]),
    ...(kind.length === 0 ? [] : [`kind ${kind.join(" or ")}`]),
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(id.length === 0 ? [] : [id.length === 1 ? `the id ${JSON.stringify(id[0])}` : `${id.length} ids`]),
  ];
  return parts.length === 0 ? "" : `${parts.join(", ")} in `;
}
