/** Writes tasks that Label Studio imports, and a labeling configuration for them. */

import { basename, resolve } from "node:path";
import type { Input, Json } from "../../core/input/input.js";
import { isObject } from "../../core/util/json/json-values.js";
import type { DatasetFormat, FinishContext, Label, LabelContext } from "../dataset-folder/format.js";
import { classOf, loseOfInput } from "../dataset-folder/losses.js";
import { escapeXml } from "../xml/write.js";
import { resultOf } from "./write-regions.js";

type Fields = Record<string, Json>;

/** Metadata that a task has places for. */
const keptFacts = new Set(["task", "data", "meta", "answers", "lead_time", "ground_truth"]);
/** Fields of a task's data that have a meaning of their own. */
const reserved = new Set(["image", "split", "filename", "labelStudio"]);

/** Makes the format. `localRoot` stands for the dataset's folder, seen from the local files root of Label Studio. */
export function labelStudioFormat(path: string, localRoot: string | undefined): DatasetFormat {
  const root = localRoot ?? basename(resolve(path));
  return {
    ...{ plugin: "writeLabelStudio", format: "Label Studio", identity: `label studio ${root}` },
    mediaFolder: (split) => (split === undefined ? "images" : `images/${split}`),
    label: (input, context) => taskOf(input, context, root),
    finish: writeTasks,
  };
}

async function taskOf(input: Input, context: LabelContext, root: string): Promise<Label> {
  const { place, picture, losses, classes } = context;
  const own = isObject(input.metadata.labelStudio) ? (input.metadata.labelStudio as Fields) : {};
  const moved = Object.keys(input.metadata).filter((key) => !reserved.has(key));
  loseOfInput(input, losses, { metadata: [...moved, "labelStudio"], concepts: true });
  for (const key of moved) losses.add("metadata written as a field of the task", key);
  for (const [key, value] of Object.entries(own))
    if (!keptFacts.has(key)) losses.add("metadata lost", `labelStudio.${key}: ${JSON.stringify(value)}`);
  const result: Json[] = [];
  for (const [index, annotation] of input.annotations.entries()) {
    for (const { id, name } of annotation.concepts) classes.indexOf(name ?? id);
    const one = await resultOf(annotation, index, picture, losses);
    if (one) result.push(one);
  }
  const choices = input.concepts.map((concept) => classOf(concept, losses));
  if (choices.length > 0)
    result.push({ id: "choices", from_name: "choice", to_name: "image", type: "choices", value: { choices } });
  for (const [name, answer] of Object.entries(isObject(own.answers) ? own.answers : {}))
    losses.add("answer lost", `${name}: ${JSON.stringify(answer)}`);
  const url = input.image && "url" in input.image ? input.image.url : undefined;
  const data: Fields = {
    ...(isObject(own.data) ? (own.data as Fields) : {}),
    ...Object.fromEntries(moved.map((key) => [key, input.metadata[key] as Json])),
    ...(place.split !== undefined && { split: place.split }),
    image:
      url ??
      `/data/local-files/?d=${encodeURIComponent(`${root === "" ? "" : `${root}/`}${place.mediaPath}`).replaceAll("%2F", "/")}`,
  };
  const annotation: Fields = { result };
  for (const key of ["lead_time", "ground_truth"]) if (own[key] !== undefined) annotation[key] = own[key] as Json;
  const task: Fields = { data, annotations: result.length > 0 ? [annotation] : [] };
  if (own.task !== undefined) task.id = own.task as Json;
  if (isObject(own.meta)) task.meta = own.meta as Json;
  return { record: { task, choices } };
}

async function writeTasks({ records, classes, writeFile }: FinishContext): Promise<void> {
  const choices = new Set<string>();
  const lines = async function* () {
    let separator = "[\n";
    for await (const { record } of records()) {
      const { task, choices: own } = record as { task: Json; choices: string[] };
      for (const choice of own) choices.add(choice);
      yield `${separator}${JSON.stringify(task)}`;
      separator = ",\n";
    }
    yield separator === "[\n" ? "[]\n" : "\n]\n";
  };
  await writeFile("tasks.json", lines());
  await writeFile("config.xml", [configOf(classes, [...choices])]);
}

/** Makes a labeling configuration with a control for each kind of region. */
function configOf(classes: readonly string[], choices: readonly string[]): string {
  const labels = classes.map((name) => `    <Label value="${escapeXml(name)}"/>\n`).join("");
  const controls = ["Rectangle", "Polygon", "KeyPoint", "Brush", "Ellipse"].map(
    (kind) => `  <${kind}Labels name="${kind.toLowerCase()}" toName="image">\n${labels}  </${kind}Labels>\n`,
  );
  const list = choices.map((name) => `    <Choice value="${escapeXml(name)}"/>\n`).join("");
  const choice =
    choices.length > 0 ? `  <Choices name="choice" toName="image" choice="multiple">\n${list}  </Choices>\n` : "";
  return `<View>\n  <Image name="image" value="$image"/>\n${classes.length > 0 ? controls.join("") : ""}${choice}</View>\n`;
}
