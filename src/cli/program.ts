/** The program: its commands, and the exit codes of their errors. */

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { describeError, FlowError, OptionsError } from "../core/errors.js";
import { convertCommand } from "./convert-command.js";
import { copyCommand } from "./copy-command.js";
import { datasetsCommand } from "./datasets-command.js";
import { doctorCommand } from "./doctor-command.js";
import { downloadCommand } from "./download-command.js";
import { annotateCommand } from "./editing/annotate-command.js";
import { labelCommand } from "./editing/label-command.js";
import { patchCommand } from "./editing/patch-command.js";
import { emulatorCommand } from "./emulator-command.js";
import { listCommand } from "./list-command.js";
import { runPipelineCommand } from "./pipelines/run-command.js";
import { statusCommand } from "./pipelines/status-command.js";
import { submitCommand } from "./pipelines/submit-command.js";
import { workCommand } from "./pipelines/work-command.js";
import { pullCommand } from "./pull-command.js";
import { removeCommand } from "./remove-command.js";
import { replayCommand } from "./replay-command.js";
import { searchCommand } from "./search-command.js";
import { configCommand } from "./target/config-command.js";
import { undoCommand } from "./undo-command.js";
import { planCommand, uploadCommand } from "./upload-command.js";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const examples = `
Without CLARIFAI_PAT, all commands use the emulator, with its data in ./.sluice:
  $ sluice upload ./photos
  $ sluice list
With CLARIFAI_PAT, they use the platform:
  $ export CLARIFAI_PAT=… CLARIFAI_USER_ID=me CLARIFAI_APP_ID=photos
  $ sluice plan ./photos && sluice upload ./photos --journal photos.journal

Exit codes: 0 all is well; 1 an input failed or is pending, or the command could
not continue; 2 the command line is wrong; 130 stopped by Ctrl-C or SIGTERM.
\`sluice <command> --help\` shows the options of a command.`;

const commands = [
  uploadCommand,
  planCommand,
  doctorCommand,
  listCommand,
  searchCommand,
  downloadCommand,
  patchCommand,
  labelCommand,
  annotateCommand,
  datasetsCommand,
  copyCommand,
  convertCommand,
  pullCommand,
  removeCommand,
  replayCommand,
  undoCommand,
  emulatorCommand,
  runPipelineCommand,
  submitCommand,
  workCommand,
  statusCommand,
  configCommand,
];

/**
 * Runs the command line and sets the exit code of the process: 0 all is well; 1 an input failed or is pending, or the command could not continue; 2 the
 * command line is wrong; 130 stopped by a signal.
 */
export async function runCommand(args: readonly string[]): Promise<void> {
  const program = new Command("sluice")
    .description(
      "Streams images, video, audio and text into Clarifai's Inputs API, or into an emulator on this machine.",
    )
    .version(version, "-v, --version")
    .enablePositionalOptions() // so that a command can have a --version of its own
    .addHelpText("after", examples);

  for (const create of commands) {
    const command = create();
    program.addCommand(withExits(command, `sluice ${command.name()}`));
  }
  const hint = hintFor(args);
  program.hook("preAction", (_, command) => void command.setOptionValue("commandLine", args));
  program.exitOverride().showHelpAfterError(`${hint}(sluice --help shows the commands)`);
  program.showSuggestionAfterError(hint === ""); // the nearest name to "move" would be "remove"

  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      const isUsage = error.code.startsWith("commander.") && error.exitCode !== 0;
      process.exitCode = isUsage ? 2 : error.exitCode;
    } else {
      const text = error instanceof FlowError ? error.message : describeError(error);
      process.stderr.write(`error: ${text}\n`);
      process.exitCode = error instanceof OptionsError ? 2 : 1;
    }
  }
}

/** Commands of other tools, and what does the same here. */
const elsewhere: Record<string, string> = {
  ...{ delete: "remove", rm: "remove", add: "upload", push: "upload", import: "upload", put: "upload" },
  ...{ get: "download", pull: "download", find: "search", query: "search", retry: "replay", cp: "copy", sync: "copy" },
  ...{
    tag: "label",
    relabel: "label",
    update: "patch",
    edit: "patch",
    set: "patch",
    restore: "undo",
    dataset: "datasets",
  },
  ...{ count: "list --count", show: "list --id", export: "datasets export", merge: "datasets merge" },
  ...{
    annotations: "list --annotations",
    box: "annotate",
    boxes: "annotate",
    serve: "emulator",
    check: "doctor",
    validate: "doctor",
    lint: "doctor",
  },
  ...{ move: "copy, then sluice remove with the same filters", mv: "copy, then sluice remove with the same filters" },
};

/** Names the command for a name that other tools have for it. */
function hintFor([name = ""]: readonly string[]): string {
  const command = Object.hasOwn(elsewhere, name) ? elsewhere[name] : undefined;
  return command === undefined ? "" : `(for ${name}, use sluice ${command})\n`;
}

/** Makes a command and the commands in it throw their errors, and name the command that shows their options. */
function withExits(command: Command, path: string): Command {
  for (const inner of command.commands) withExits(inner, `${path} ${inner.name()}`);
  return command.exitOverride().showHelpAfterError(`(${path} --help shows the options)`);
}
