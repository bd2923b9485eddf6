/** What is uploaded: what is done to inputs on their way into an app. */

import { type Command, Option } from "commander";
import type { App } from "../../clarifai/client/app.js";
import type { Message } from "../../core/accounting/message.js";
import type { Flow } from "../../core/flow/flow.js";
import type { Metadata } from "../../transforms/tag-metadata.js";
import { keyValue, several } from "./parsing.js";
import { type ReadingOptions, sourcesOf, withReading } from "./reading.js";

export interface UploadingOptions extends ReadingOptions {
  concept?: string[];
  metadata?: Metadata;
  dataset?: string[];
  exifPlaces?: boolean;
  fit?: boolean;
  conflict: "skip" | "replace" | "suffix" | "error";
  resume?: boolean;
}

/** Adds the options of sources, transforms and the upload. */
export function withUploading(command: Command): Command {
  return withReading(command)
    .optionsGroup("What is added:")
    .option("--concept <id>", "concept of every input; may be repeated", several)
    .option("--metadata <key=value>", "metadata of every input; may be repeated", keyValue)
    .option("--dataset <id>", "dataset that every input joins; may be repeated", several)
    .option("--exif-places", "places from the EXIF data of images")
    .option("--fit", "make images fit the limits, and turn them upright")
    .optionsGroup("Inputs that are there:")
    .addOption(
      new Option(
        "--conflict <policy>",
        "of an input whose id exists with another content: skip fails it, suffix finds another id, replace deletes the stored input with its annotations; the same content is skipped",
      )
        .choices(["skip", "replace", "suffix", "error"])
        .default("skip"),
    )
    .option("--resume", "ask the server what it has before anything is sent");
}

/** The flow of an upload, as it is asked for. */
export async function uploadFlow(app: App, paths: readonly string[], options: UploadingOptions): Promise<Flow> {
  const { batch, fitImage, flow, geoFromExif, label, tagMetadata, transform, upload } = await import("../../index.js");
  let inputs = flow(await sourcesOf(paths, options)) as Flow<Message>;
  const { fit, exifPlaces, concept, metadata, dataset, conflict, resume } = options;
  if (exifPlaces) inputs = inputs.pipe(geoFromExif());
  if (fit) inputs = inputs.pipe(fitImage());
  if (concept) inputs = inputs.pipe(label(concept));
  if (metadata) inputs = inputs.pipe(tagMetadata(metadata));
  if (dataset) {
    const join = transform((input) => ({ ...input, datasets: [...new Set([...input.datasets, ...dataset])] }));
    inputs = inputs.pipe(join);
  }
  return inputs.pipe(batch(), upload(app, { conflict, resume: resume ? "server" : undefined }));
}
