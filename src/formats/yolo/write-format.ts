/** The format YOLO for the folder of a dataset: where files go, and the files that complete it. */

import type { DatasetFormat, FinishContext } from "../dataset-folder/format.js";
import { labelOf, type WrittenTask } from "./labels.js";

export type YoloLayoutName = "ultralytics" | "darknet";

/** Keys that ultralytics knows, by the names of splits elsewhere. */
const keys: Record<string, string> = { train: "train", val: "val", valid: "val", validation: "val", test: "test" };

/** Makes the format. */
export function yoloFormat(task: WrittenTask, layout: YoloLayoutName): DatasetFormat {
  const isDarknet = layout === "darknet";
  return {
    ...{ plugin: "writeYolo", format: "YOLO", identity: `yolo ${layout} ${task}` },
    splitOf: (split) => split ?? "train",
    mediaFolder: (split) => (isDarknet ? `data/${split}` : `images/${split}`),
    labelPaths: ({ split, stem }) => [isDarknet ? `data/${split}/${stem}.txt` : `labels/${split}/${stem}.txt`],
    label: (input, context) => ({ files: [labelOf(input, context, task)] }),
    finish: (folder) => (isDarknet ? finishDarknet(folder) : finishUltralytics(folder, task)),
  };
}

/** Writes data.yaml. ultralytics takes a relative path for one below its own folder of datasets, and the place of data.yaml if `path` is absent. */
async function finishUltralytics(folder: FinishContext, task: WrittenTask): Promise<void> {
  const { classes, writeFile } = folder;
  const entries: [string, string | string[]][] = [];
  for (const split of splitsOf(folder)) {
    const key = keys[split.toLowerCase()] ?? split;
    const known = entries.find(([name]) => name === key);
    if (known) known[1] = [known[1], `images/${split}`].flat();
    else entries.push([key, `images/${split}`]);
  }
  const order = ["train", "val", "test"];
  entries.sort(([one], [other]) => ((order.indexOf(one) + 4) % 4) - ((order.indexOf(other) + 4) % 4));
  const data: Record<string, unknown> = Object.fromEntries(entries);
  // ultralytics requires train and val.
  for (const [key, other] of [
    ["train", "val"],
    ["val", "train"],
  ] as const) {
    data[key] ??= data[other] ?? data.test ?? Object.values(data)[0] ?? `images/${key}`;
  }
  const ordered = Object.fromEntries(
    [...order, ...Object.keys(data)].flatMap((key) => (key in data ? [[key, data[key]]] : [])),
  );
  const names = new Map(classes.map((name, index) => [index, name]));
  const about = `# Written by Sluice, task ${task}. ultralytics: yolo ${task} train data=data.yaml\n`;
  const { stringify } = await import("yaml");
  await writeFile("data.yaml", [about, stringify({ ...ordered, nc: classes.length, names }, { lineWidth: 0 })]);
}

function splitsOf({ splits }: FinishContext): Set<string> {
  return new Set([...splits].map((split) => split ?? "train"));
}

/** Writes obj.data, obj.names and a list of images for each split. */
async function finishDarknet(folder: FinishContext): Promise<void> {
  const { records, classes, writeFile } = folder;
  const lines: string[] = [`classes = ${classes.length}\n`];
  for (const split of splitsOf(folder)) {
    const key = split === "val" || split === "validation" ? "valid" : split;
    lines.push(`${key} = data/${split}.txt\n`);
    await writeFile(`data/${split}.txt`, pathsOf(records(), split));
  }
  await writeFile(
    "data/obj.names",
    classes.map((name) => `${name.replace(/[\r\n]+/g, " ")}\n`),
  );
  await writeFile("obj.data", [...lines, "names = data/obj.names\n", "backup = backup/\n"]);
}

async function* pathsOf(records: ReturnType<FinishContext["records"]>, split: string): AsyncGenerator<string> {
  for await (const record of records) if ((record.split ?? "train") === split) yield `${record.mediaPath}\n`;
}
