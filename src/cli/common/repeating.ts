/** The commands that repeat a run, as the next steps of its report show them. */

import { redactUrl } from "../../core/redact-urls.js";
import type { RunCommands } from "../../core/report/next-steps.js";

/** Options that select the app, as `replay` accepts them too. */
const connectionOptions = [
  "--profile",
  "--user",
  "--app",
  "--base-url",
  "--store",
  "--wire",
  "--grpc-url",
  "--ca-file",
  "--proxy",
];
/** Commands whose failed inputs `sluice replay` uploads to the app of the same options. */
const replayable = ["upload", "replay"];

/** Makes the commands from the arguments of the one that runs. Credentials and signatures of URLs are left out. */
export function repeatingCommands(args: readonly string[], deadLetters: string | undefined): RunCommands {
  const [name = ""] = args;
  const again = `${args.includes("-") ? "… | " : ""}${lineOf(args)}`;
  if (deadLetters === undefined || !replayable.includes(name)) return { again };
  return { again, replay: lineOf(["replay", deadLetters, ...connectionArguments(args)]) };
}

function connectionArguments(args: readonly string[]): string[] {
  return args.flatMap((arg, index) => {
    if (arg === "--no-proxy" || connectionOptions.some((name) => arg.startsWith(`${name}=`))) return [arg];
    const value = args[index + 1];
    return connectionOptions.includes(arg) && value !== undefined ? [arg, value] : [];
  });
}

function lineOf(args: readonly string[]): string {
  return ["sluice", ...args.map(quoted)].join(" ");
}

/** Quotes an argument for a shell. */
function quoted(arg: string): string {
  const text = /:\/\//.test(arg) ? arg.replace(/[a-z][a-z0-9+.-]*:\/\/\S+/i, (url) => redactUrl(url)) : arg;
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
