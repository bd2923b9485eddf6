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

/** Options whose value is a secret after its name and a colon. */
const secretOptions = ["--header"];
/** A URL. In a list with commas, each URL is a match of its own. */
const urls = /[a-z][a-z0-9+.-]*:\/\/(?:(?!,[a-z][a-z0-9+.-]*:\/\/)\S)+/gi;

/** Makes the commands from the arguments of the one that runs. Credentials and signatures of URLs, and values of headers, are left out. */
export function repeatingCommands(typed: readonly string[], deadLetters: string | undefined): RunCommands {
  const args = typed.map((arg, index) => withoutSecrets(arg, typed[index - 1]));
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

function withoutSecrets(arg: string, before: string | undefined): string {
  const option = secretOptions.find((one) => arg.startsWith(`${one}=`));
  if (option !== undefined) return `${option}=${withoutValue(arg.slice(option.length + 1))}`;
  if (before !== undefined && secretOptions.includes(before)) return withoutValue(arg);
  return arg.replace(urls, (url) => redactUrl(url));
}

/** Keeps the name of a header, or the file that has the headers. */
function withoutValue(header: string): string {
  return header.startsWith("@") ? header : `${header.split(":", 1)[0]}: …`;
}

/** Quotes an argument for a shell. */
function quoted(arg: string): string {
  return /^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`;
}
