/** Options of the commands that change what an app has: a file from which `sluice undo` restores it. */

import type { Command } from "commander";
import type { RunOptions } from "../../core/flow/run.js";
import { notEmpty } from "./parsing.js";

export interface RecordingOptions {
  undo?: string;
  undoMedia?: boolean;
}

/** Adds the options. `deletes`: the command deletes inputs, so their files can be kept. */
export function withUndo(command: Command, { deletes = false }: { deletes?: boolean } = {}): Command {
  command.option(
    "--undo <file>",
    "record what is changed in this file, so that `sluice undo` can restore it",
    notEmpty,
  );
  if (!deletes) return command;
  return command.option("--undo-media", "also keep the files of deleted inputs, in the folder <file>.media");
}

/** Converts the options of the command line to those of `run()`. */
export function undoOptions({ undo, undoMedia = false }: RecordingOptions): Pick<RunOptions, "undo"> {
  return undo === undefined ? {} : { undo: { path: undo, media: undoMedia } };
}
