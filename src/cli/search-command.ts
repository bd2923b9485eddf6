/** `sluice search`: finds inputs of an app with the search of the server. */

import { Command } from "commander";
import type { App } from "../clarifai/client/app.js";
import { limits } from "../clarifai/limits.js";
import { OptionsError } from "../core/errors.js";
import type { Source } from "../core/plugin/source.js";
import { type ConnectionOptions, withApp, withConnection } from "./common/connection.js";
import { notEmpty, wholeNumber } from "./common/parsing.js";
import { type SelectingOptions, withFilters } from "./common/selecting.js";
import { requireDataset } from "./datasets/known-datasets.js";
import { filtersOf } from "./filters/filters.js";
import { concludeList, type OutputOptions, printInputs, withOutput } from "./listing/output-options.js";

interface SearchOptions extends Omit<ConnectionOptions, "quiet">, Omit<SelectingOptions, "id" | "ids">, OutputOptions {
  text?: string;
  top?: number;
}

/** Creates the command. */
export function searchCommand(): Command {
  const command = new Command("search")
    .summary("finds inputs with the search of the server")
    .description(
      "Finds the inputs that pass all filters, the oldest change first; with a text, the inputs that are most similar to it. Prints them as `sluice list` does. The server searches, so it reads only what it finds. A search does not find an input before the server has indexed it; `sluice list` with the same filters reads every input.",
    )
    .argument("[text]", "find the inputs that are most similar to this text, the most similar first", notEmpty);
  const ranked = command
    .option("--text <text>", "the text, in place of the argument", notEmpty)
    .option("--top <number>", "maximum number of inputs for a text (default: 10)", wholeNumber(1, limits.maxPerPage));
  return withConnection(withOutput(withFilters(ranked)))
    .addHelpText(
      "after",
      '\nExamples:\n  $ sluice search --concept boat --near 4.48,51.92,10\n  $ sluice search "a boat in the fog" --top 20 --kind image\n  $ sluice search --metadata split=train --without annotations --count\n  $ sluice search --concept blurred --quiet | sluice remove --ids - --undo undo.jsonl --yes',
    )
    .action((argument: string | undefined, options: SearchOptions) => {
      if (argument !== undefined && options.text !== undefined)
        throw new OptionsError("ERR_OPTIONS", "search: the text is named twice; leave out --text");
      const text = argument ?? options.text;
      if (options.top !== undefined && text === undefined)
        throw new OptionsError("ERR_OPTIONS", "search: --top needs a text; --limit ends a search without one");
      return withApp(options, async (app) => {
        const source = await found(app, text, options);
        concludeList(await printInputs(app, source, options), false, options);
      });
    });
}

async function found(app: App, text: string | undefined, options: SearchOptions): Promise<Source> {
  const { searchInputs } = await import("../index.js");
  const { dataset, top } = options;
  if (dataset !== undefined) await requireDataset(app, dataset);
  return searchInputs(app, {
    ...filtersOf(options),
    ...(dataset !== undefined && { datasets: [dataset] }),
    ...(text !== undefined && { text }),
    ...(top !== undefined && { topK: top }),
  });
}
