/** The formats that `sluice convert` writes, one line each. */

import type { Message } from "../../core/accounting/message.js";
import { OptionsError } from "../../core/errors.js";
import type { Stage } from "../../core/plugin/stage.js";

/** Options of the command that writers share. */
export interface WriterOptions {
  classes?: string[];
  split?: string;
  media: "copy" | "link" | "none";
  task?: "detect" | "segment" | "obb";
}

type Sink = Stage<Message | readonly Message[], Message>;
type Common = Omit<WriterOptions, "task">;

const writers: Record<string, (path: string, options: Common, task: WriterOptions["task"]) => Promise<Sink>> = {
  coco: async (path, options) => (await import("../../index.js")).writeCoco(path, options),
  yolo: async (path, options, task) => (await import("../../index.js")).writeYolo(path, { ...options, task }),
  darknet: async (path, options, task) =>
    (await import("../../index.js")).writeYolo(path, { ...options, task, layout: "darknet" }),
  voc: async (path, options) => (await import("../../index.js")).writeVoc(path, options),
  imagefolder: async (path, options) => (await import("../../index.js")).writeImageFolder(path, options),
  labelstudio: async (path, options) => (await import("../../index.js")).writeLabelStudio(path, options),
};

export const writerNames = Object.keys(writers);

/** Where a conversion writes to. */
export interface Destination {
  format: string;
  path: string;
}

/** Parses `yolo:./out`. @throws {OptionsError} ERR_OPTIONS */
export function destinationOf(text: string): Destination {
  const colon = text.indexOf(":");
  const [format, path] = [text.slice(0, Math.max(colon, 0)), text.slice(colon + 1)];
  if (Object.hasOwn(writers, format) && path !== "") return { format, path };
  const example = `${writerNames[0]}:./out`;
  throw new OptionsError(
    "ERR_OPTIONS",
    `--to: expected FORMAT:FOLDER, such as ${example}; formats: ${writerNames.join(", ")}; got ${text}`,
  );
}

/** Makes the sink of a destination. */
export function sinkOf({ format, path }: Destination, { task, ...options }: WriterOptions): Promise<Sink> {
  const writer = writers[format] as (typeof writers)[string];
  return writer(path, options, task);
}
