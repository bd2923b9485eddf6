/** `sluice config`: shows the profiles, and the target that commands use here. */

import { Command } from "commander";
import { printable } from "../../core/util/format/format.js";
import { type ConnectionOptions, withConnection } from "../common/connection.js";
import { print } from "../common/output.js";
import { type Profile, readConfig } from "./config-file.js";
import { targetOf } from "./target.js";

interface ConfigOptions extends ConnectionOptions {
  json?: boolean;
}

/** Creates the command. */
export function configCommand(): Command {
  const command = new Command("config")
    .summary("shows the profiles, and the app that commands use here")
    .description(
      "Shows the path of the config file, its profiles without their keys, and the app that a command with the same options would use, with the place that each part comes from.",
    );
  return withConnection(command)
    .optionsGroup("The output:")
    .option("--json", "print one line of JSON")
    .addHelpText("after", "\nExample:\n  $ sluice config --profile work")
    .action(async (options: ConfigOptions) => {
      const { path, exists, profiles } = readConfig();
      const shown = Object.fromEntries(Object.entries(profiles).map(([name, profile]) => [name, withoutKey(profile)]));
      if (options.json) {
        const { settings, origins, ignored } = targetOf(options);
        const { pat: _, ...target } = settings;
        await print(JSON.stringify({ path, exists, profiles: shown, target, origins, ignored }));
        return;
      }
      const file = [
        `config file  ${path}${exists ? "" : " (does not exist)"}`,
        ...Object.entries(shown).map(([name, profile]) => `profile      ${name}: ${partsText(profile)}`),
      ];
      await print(file.map(printable).join("\n")); // before the target, which may be what the file has wrong
      const { origins, ignored } = targetOf(options);
      const lines = [
        `here         ${origins.length === 0 ? "the emulator in ./.sluice" : origins.join("; ")}`,
        ...(ignored === undefined ? [] : [`ignored      ${ignored}`]),
      ];
      await print(lines.map(printable).join("\n"));
    });
}

function withoutKey({ pat, ...rest }: Profile): object {
  return { ...rest, ...(pat !== undefined && { pat: "(set)" }) };
}

function partsText(profile: object): string {
  const parts = Object.entries(profile).map(([name, value]) => `${name} ${value}`);
  return parts.length === 0 ? "empty" : parts.join(", ");
}
