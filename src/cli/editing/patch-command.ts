/** `sluice patch`: changes metadata, concepts, locations and datasets of inputs that exist. */

import { Command, InvalidArgumentError, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import type { Flow } from "../../core/flow/flow.js";
import type { GeoPoint, Input } from "../../core/input/input.js";
import type { Metadata } from "../../transforms/tag-metadata.js";
import { type ConnectionOptions, withConnection } from "../common/connection.js";
import { keyValue, several } from "../common/parsing.js";
import { withUndo } from "../common/recording.js";
import { finish, type RunningOptions, withRun } from "../common/running.js";
import { type SelectingOptions, withSelectedApp, withSelection } from "../common/selecting.js";
import { withTables } from "../reading/arguments.js";
import type { ReadingOptions } from "../reading/options.js";
import { type EditAction, edited, merged } from "./editing.js";
import { editedInputs, editedRows } from "./editing-flows.js";

type TableOptions = Pick<ReadingOptions, "as" | "delimiter" | "map">;
interface PatchOptions extends ConnectionOptions, SelectingOptions, RunningOptions, TableOptions {
  action?: EditAction;
  set?: Metadata;
  unset?: string[];
  geo?: GeoPoint | false;
  all?: boolean;
}

/** Creates the command. */
export function patchCommand(): Command {
  const command = new Command("patch")
    .summary("changes metadata, concepts and locations of inputs")
    .description(
      "Changes inputs of an app: each row of a table changes the input of its id, or the options change all selected inputs. Stored contents and annotations stay as they are. Only differences are sent, so a second run changes nothing.",
    );
  const tables = withTables(command, "CSV or JSON Lines files whose rows have an id and changes; - is stdin")
    .addOption(
      new Option(
        "--action <action>",
        "merge (default): the changes of a row are added, and replace values of the same key. overwrite: the input has the concepts, metadata and location of the row only, and loses others. remove: those of the row are deleted",
      ).choices(["merge", "overwrite", "remove"]),
    )
    .optionsGroup("Without a table, the changes of all selected inputs:")
    .option("--set <key=value>", "metadata to set; may be repeated", keyValue)
    .option("--unset <key>", "key of the metadata to delete; may be repeated", several)
    .option("--geo <longitude,latitude>", "location to set", location)
    .option("--no-geo", "delete the location");
  return withConnection(withUndo(withRun(withSelection(tables).option("--all", "all inputs of the app"), "journal")))
    .addHelpText(
      "after",
      `
Examples:
  $ sluice patch places.csv --map id=name,longitude=x,latitude=y
  $ sluice patch --set split=test --unset draft --dataset harbour --dry-run`,
    )
    .action((paths: string[], options: PatchOptions) => {
      const { set, unset, geo } = options;
      const hasChanges = set !== undefined || unset !== undefined || geo !== undefined;
      if (paths.length > 0 === hasChanges) {
        const text = "patch: name a table, or what to change with --set, --unset, --geo or --no-geo";
        throw new OptionsError("ERR_OPTIONS", text);
      }
      if (hasChanges && options.action) {
        throw new OptionsError("ERR_OPTIONS", "patch: --action is for tables; leave it out");
      }
      return withSelectedApp(options, async (app) => finish(await patchFlow(app, paths, options), options));
    });
}

async function patchFlow(app: App, paths: readonly string[], options: PatchOptions): Promise<Flow<unknown>> {
  const { batch, patch } = await import("../../index.js");
  const { set = {}, unset = [], geo, action = "merge" } = options;
  const edit = (input: Input): Input => ({
    ...input,
    metadata: withoutKeys(merged(input.metadata, set), unset),
    geo: geo === false ? undefined : (geo ?? input.geo),
  });
  const inputs =
    paths.length > 0
      ? await editedRows(app, paths, options, (input, row) => edited(input, row, action), action)
      : await editedInputs("patch", app, options, edit, { set, unset, geo });
  return inputs.pipe(batch(), patch(app));
}

function withoutKeys(metadata: Input["metadata"], keys: readonly string[]): Input["metadata"] {
  return Object.fromEntries(Object.entries(metadata).filter(([key]) => !keys.includes(key)));
}

/** Parses `longitude,latitude`. */
function location(text: string): GeoPoint {
  const [longitude = Number.NaN, latitude = Number.NaN, ...more] = text
    .split(",")
    .map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  const isPoint = Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90 && more.length === 0;
  if (isPoint) return { longitude, latitude };
  throw new InvalidArgumentError("It must be longitude,latitude in degrees, such as 5.32,60.39.");
}
