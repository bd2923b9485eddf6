/** `sluice label`: adds, removes and sets concepts of inputs that exist. */

import { Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import type { Concept, Input } from "../../core/input/input.js";
import { type ConnectionOptions, withConnection } from "../common/connection.js";
import { withUndo } from "../common/recording.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import { type SelectingOptions, withSelectedApp, withSelection } from "../common/selecting.js";
import { idTexts } from "../filters/filter-values.js";
import { withTables } from "../reading/arguments.js";
import type { ReadingOptions } from "../reading/options.js";
import { edited, named, withConcepts } from "./editing.js";
import { editedInputs, editedRows } from "./editing-flows.js";

type TableOptions = Pick<ReadingOptions, "as" | "delimiter" | "map">;
interface LabelOptions extends ConnectionOptions, SelectingOptions, RunningOptions, TableOptions {
  action?: "add" | "remove" | "set";
  add?: string[];
  remove?: string[];
  set?: string[];
  clear?: boolean;
  all?: boolean;
}

/** Creates the command. */
export function labelCommand(): Command {
  const command = new Command("label")
    .summary("adds, removes and sets concepts of inputs")
    .description(
      "Changes the concepts of inputs of an app: each row of a table changes the input of its id, or the options change all selected inputs. Everything else stays as it is. Only differences are sent, so a second run changes nothing.",
    );
  const tables = withTables(command, "CSV or JSON Lines files whose rows have an id and concepts; - is stdin")
    .addOption(
      new Option(
        "--action <action>",
        "what happens with the concepts of a row: add (default), remove, or set (the input has only these)",
      ).choices(["add", "remove", "set"]),
    )
    .optionsGroup("Without a table, the changes of all selected inputs:")
    .option("--add <concept>", "concept to add; may be repeated", idTexts)
    .option("--remove <concept>", "concept to remove; may be repeated", idTexts)
    .option("--set <concept>", "the only concept; if repeated, the only concepts", idTexts)
    .option("--clear", "remove all concepts");
  return withConnection(withUndo(withRun(withSelection(tables).option("--all", "all inputs of the app"), "journal")))
    .addHelpText(
      "after",
      `
Examples:
  $ sluice label --add boat --remove ship --concept ship
  $ sluice label labels.csv --map id=name,concept=label --action set
  $ sluice list --without concepts --quiet | sluice label --add todo --ids -`,
    )
    .action((paths: string[], options: LabelOptions) => {
      checkChanges(paths, options);
      return withSelectedApp(options, async (app) => finish(await labelFlow(app, paths, options), options));
    });
}

function checkChanges(paths: readonly string[], { action, add, remove, set, clear }: LabelOptions): void {
  const refuse = (text: string) => new OptionsError("ERR_OPTIONS", `label: ${text}`);
  const given = [add && "--add", remove && "--remove", set && "--set", clear && "--clear"].filter(Boolean);
  if (paths.length > 0 && given.length > 0) {
    throw refuse(`the table has the concepts; leave out ${given.join(" and ")} (--action says what happens with them)`);
  }
  if (paths.length > 0) return;
  if (given.length === 0) throw refuse("name a table, or the concepts with --add, --remove, --set or --clear");
  if (action !== undefined) throw refuse("--action is for tables; leave it out");
  if ((set || clear) && given.length > 1) throw refuse(`${given.join(" and ")} cannot be combined`);
  const both = add?.find((id) => remove?.includes(id));
  if (both !== undefined) throw refuse(`the concept ${JSON.stringify(both)} cannot be added and removed`);
}

async function labelFlow(app: App, paths: readonly string[], options: LabelOptions): Promise<Flow<unknown>> {
  const { batch, patch } = await import("../../index.js");
  const { add = [], remove = [], set, clear, action = "add" } = options;
  const concepts = (ids: readonly string[]): Concept[] => ids.map((id) => ({ id }));
  const change = (input: Input): readonly Concept[] => {
    if (clear || set) return named(concepts(set ?? []), input);
    return withConcepts(input.concepts, concepts(add)).filter(({ id }) => !remove.includes(id));
  };
  const inputs =
    paths.length > 0
      ? await editedRows(app, paths, options, rowEdit(action), action, combined)
      : await editedInputs("label", app, options, (input) => ({ ...input, concepts: change(input) }), {
          add,
          remove,
          set,
          clear,
        });
  return inputs.pipe(batch(), patch(app));
}

function rowEdit(action: "add" | "remove" | "set"): (input: Input, row: Input) => Input {
  return (input, { concepts }) => {
    if (action === "set") return { ...input, concepts: named(concepts, input) };
    const changes = { concepts, metadata: {}, geo: undefined, datasets: [] };
    return edited(input, changes, action === "add" ? "merge" : "remove");
  };
}

/** Combines the rows of one input: together they name its concepts. */
function combined(rows: readonly Input[]): Input[] {
  const [first] = rows;
  return first
    ? [
        {
          ...first,
          concepts: withConcepts(
            [],
            rows.flatMap(({ concepts }) => concepts),
          ),
        },
      ]
    : [];
}
