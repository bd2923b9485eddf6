/** The flows that edit inputs of an app: those of the rows of tables, or all selected ones. */

import type { App } from "../../clarifai/client/app.js";
import type { Message } from "../../core/accounting/message.js";
import { OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import type { Input } from "../../core/input/input.js";
import { requireSelection, type SelectingOptions, selectedInputs } from "../common/selecting.js";
import type { ReadingOptions } from "../reading/options.js";
import { editSource } from "./editing.js";
import { readRows } from "./table-edits.js";

type Edit<Row> = (input: Input, row: Row) => Input;

/**
 * Lists the inputs that rows of tables name, and edits each by its rows in their order. Rows that cannot be used, and ids that do not exist, fail. The filters
 * of the options apply, too.
 *
 * @param kind text that tells edits of the same rows apart, for the journal.
 * @param combine combines the rows of one input.
 */
export async function editedRows(
  app: App,
  paths: readonly string[],
  options: SelectingOptions & ReadingOptionsOfTables & { all?: boolean | undefined },
  edit: Edit<Input>,
  kind: string,
  combine: (rows: readonly Input[]) => readonly Input[] = (rows) => rows,
): Promise<Flow<Message>> {
  const { id, ids, all } = options;
  if (id !== undefined || ids !== undefined || all) {
    throw new OptionsError("ERR_OPTIONS", "the table names the inputs; leave out --id, --ids and --all");
  }
  const { flow, transform } = await import("../../index.js");
  const { as, delimiter, map } = options;
  const { byId, failed } = await readRows(paths, {
    ...(as && { as }),
    ...(delimiter && { delimiter }),
    ...(map && { map }),
  });
  const datasets = [...byId.values()].flat().some((row) => row.datasets.length > 0);
  const source = await selectedInputs(app, options, { ids: [...byId.keys()], ...(datasets && { datasets }) });
  const editOf = (inputId: string) => [kind, byId.get(inputId)];
  return flow(editSource(source, editOf, failed)).pipe(
    transform((input) => combine(byId.get(input.id) ?? []).reduce<Input>(edit, input)),
  );
}

type ReadingOptionsOfTables = Pick<ReadingOptions, "as" | "delimiter" | "map">;

/** Lists the selected inputs and edits each of them. `description` tells edits apart, for the journal. */
export async function editedInputs(
  verb: string,
  app: App,
  options: SelectingOptions & { all?: boolean | undefined },
  edit: (input: Input) => Input,
  description: unknown,
): Promise<Flow<Message>> {
  requireSelection(verb, options);
  const { flow, transform } = await import("../../index.js");
  const source = await selectedInputs(app, options);
  return flow(editSource(source, () => description)).pipe(transform(edit));
}
