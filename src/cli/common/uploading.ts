/** Options of an upload, and its flow: sources, transforms, and the upload itself. */

import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import type { Message } from "../../core/accounting/message.js";
import type { Flow } from "../../core/flow/flow.js";
import type { Metadata } from "../../transforms/tag-metadata.js";
import { withReading } from "../reading/arguments.js";
import type { ReadingOptions } from "../reading/options.js";
import { sourcesOf } from "../reading/reading.js";
import { keyValue, several } from "./parsing.js";

export interface UploadingOptions extends ReadingOptions {
  concept?: string[];
  metadata?: Metadata;
  dataset?: string[];
  geoFromExif?: boolean;
  fit?: boolean;
  check?: boolean;
  conflict: "skip" | "replace" | "suffix" | "error";
  resume?: boolean;
}

/** Adds the options of sources, transforms and the upload. */
export function withUploading(command: Command): Command {
  const adding = withReading(command)
    .optionsGroup("What is added:")
    .option("--concept <id>", "concept of every input; may be repeated", several)
    .option("--metadata <key=value>", "metadata of every input; may be repeated", keyValue)
    .option("--dataset <id>", "dataset that every input joins; may be repeated", several)
    .option("--geo-from-exif", "coordinates from the EXIF data of images")
    .addOption(new Option("--exif-places").implies({ geoFromExif: true }).hideHelp()) // its name in 0.1
    .option("--fit", "shrink or convert images to fit the limits, and turn them upright")
    .option(
      "--check",
      "check files, labels, classes and splits, as `sluice doctor` does; an input with an error fails",
    );
  return withConflict(adding).option("--resume", "first ask the server which inputs it has, and send the others");
}

/** Adds the option for inputs that exist. */
export function withConflict(command: Command): Command {
  return command
    .optionsGroup("Inputs that already exist:")
    .addOption(
      new Option(
        "--conflict <policy>",
        "if the id exists with other content: skip and error fail the input, suffix finds another id, replace deletes the stored input with its annotations. The same content is skipped; with error it fails",
      )
        .choices(["skip", "replace", "suffix", "error"])
        .default("skip"),
    );
}

/** Makes the flow of an upload. */
export async function uploadFlow(app: App, paths: readonly string[], options: UploadingOptions): Promise<Flow> {
  const { batch, checkDataset, fitImage, flow, geoFromExif, addConcepts, tagMetadata, transform, upload } =
    await import("../../index.js");
  let inputs = flow(await sourcesOf(paths, options, app)) as Flow<Message>;
  const { check, fit, geoFromExif: usesExif, concept, metadata, dataset, conflict, resume } = options;
  if (usesExif) inputs = inputs.pipe(geoFromExif());
  if (fit) {
    // Several images are processed in parallel, so more threads for one image would only cost memory.
    (await import("sharp")).default.concurrency(1);
    inputs = inputs.pipe(fitImage());
  }
  if (check) inputs = inputs.pipe(checkDataset());
  if (concept) inputs = inputs.pipe(addConcepts(concept));
  if (metadata) inputs = inputs.pipe(tagMetadata(metadata));
  if (dataset) {
    const join = transform((input) => ({ ...input, datasets: [...new Set([...input.datasets, ...dataset])] }));
    inputs = inputs.pipe(join);
  }
  return inputs.pipe(batch(), upload(app, { conflict, resume: resume ? "server" : undefined }));
}
