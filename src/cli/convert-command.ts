/** `sluice convert`: writes sources as a dataset in another format. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { Command, Option } from "commander";
import type { Message } from "../core/accounting/message.js";
import type { Flow } from "../core/flow/flow.js";
import type { Source } from "../core/plugin/source.js";
import { writeNotice } from "../core/util/notice.js";
import { notEmpty, several } from "./common/parsing.js";
import { conclude, finish, type RunningOptions, runOptions, withRun } from "./common/running.js";
import { destinationOf, sinkOf, type WriterOptions, writerNames } from "./converting/writers.js";
import { withReading } from "./reading/arguments.js";
import type { ReadingOptions } from "./reading/options.js";
import { sourcesOf } from "./reading/reading.js";

interface ConvertOptions extends ReadingOptions, RunningOptions, Omit<WriterOptions, "classes"> {
  to: string;
  class?: string[];
}

/** Creates the command. */
export function convertCommand(): Command {
  const command = new Command("convert")
    .summary("writes images with their annotations as a dataset in another format")
    .description(
      "Reads any source and writes a dataset: images, labels, and what training tools need. What the format cannot express is counted in the report, and " +
        "losses.jsonl in the folder has the values for each image. The same command continues after Ctrl-C, and writes nothing twice.",
    );
  withReading(command)
    .optionsGroup("What is written:")
    .requiredOption(
      "--to <format:folder>",
      `format (${writerNames.join(", ")}) and folder, such as yolo:./out`,
      notEmpty,
    )
    .option(
      "--class <name>",
      "a class, in the order of the indexes; may be repeated (default: the classes of the sources)",
      several,
    )
    .option("--split <name>", "split of all images (default: that of the source)", notEmpty)
    .addOption(
      new Option("--media <how>", "copy the images, link them (no space needed), or write none")
        .choices(["copy", "link", "none"])
        .default("copy"),
    )
    .addOption(
      new Option("--task <task>", "yolo, darknet: what the rows describe (default: detect)").choices([
        "detect",
        "segment",
        "obb",
      ]),
    );
  return withRun(command, "journal")
    .addHelpText(
      "after",
      `
Examples:
  $ sluice convert ./coco --to yolo:./out
  $ sluice convert ./roboflow/data.yaml --to coco:./out --media link
  $ sluice convert ./coco --to yolo:./out --task segment --invalid clip`,
    )
    .action(convert);
}

async function convert(paths: string[], options: ConvertOptions): Promise<void> {
  const destination = destinationOf(options.to);
  const { flow } = await import("../index.js");
  const sources = await sourcesOf(paths, options);
  const classes = options.class ?? (await classesOf(sources));
  const { split, media, task } = options;
  const sink = await sinkOf(destination, {
    media,
    ...(classes && { classes }),
    ...(split !== undefined && { split }),
    ...(task && { task }),
  });
  const inputs = (flow(sources) as Flow<Message>).pipe(sink);
  if (options.dryRun) return finish(inputs, options);
  await conclude(await inputs.run(runOptions(options)), options);
  const losses = join(destination.path, "losses.jsonl");
  if (!options.json && !options.quiet && existsSync(losses)) {
    writeNotice(`${losses} has what the format cannot express, for each image\n`);
  }
}

/** Returns the classes that the sources declare, each once; undefined if none declares any. */
async function classesOf(sources: readonly Source[]): Promise<string[] | undefined> {
  const names = new Set<string>();
  const { signal } = new AbortController();
  for (const source of sources) for (const name of (await source.classes?.({ signal })) ?? []) names.add(name);
  return names.size > 0 ? [...names] : undefined;
}
