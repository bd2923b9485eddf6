/** Source: the tasks and annotations of Label Studio. */

import { dirname, join } from "node:path";
import * as z from "zod";
import { describeError, InputError, SourceError } from "../core/errors.js";
import { folderName } from "../core/input/ids.js";
import type { Annotation, InputDraft, Json } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { omit } from "../core/util/omit.js";
import { annotationOptionFields, idOfImage } from "../formats/annotations/source-options.js";
import { isFile, isFolder, lastPart, missingImage } from "../formats/datasets/files.js";
import { imageItem, itemError } from "../formats/datasets/image-item.js";
import { parseLabelJson } from "../formats/datasets/label-json.js";
import { splitOfPath } from "../formats/datasets/splits.js";
import { addImageRegions, type LeftOver } from "../formats/label-studio/image-regions.js";
import { type JsonItem, jsonItems } from "../formats/label-studio/json-items.js";
import { type Shown, shownBy } from "../formats/label-studio/media.js";
import { groupResults, type Results } from "../formats/label-studio/results.js";
import { type Task, taskOf } from "../formats/label-studio/task.js";
import { textAnnotations, timeAnnotations } from "../formats/label-studio/text-regions.js";

const optionFields = {
  /**
   * Folder of the media: the local files root of Label Studio for /data/local-files/?d=…, its upload folder for /data/upload/…, or a folder with copies of what lies in
   * a bucket. Default: the folder of the JSON file.
   */
  root: z.string().min(1).optional(),
  /** Field of the tasks that has the medium or the text. Default: image, video, audio or text, else the first field with such a value. */
  field: z.string().min(1).optional(),
  /** Reads predictions. "never": only annotations. "fallback": predictions of tasks without an annotation. "only": only predictions. Default: "never". */
  predictions: z.enum(["never", "fallback", "only"]).default("never"),
  /** Fields of JSON_MIN whose values are classes of the whole task, since JSON_MIN does not say which are. Default: none; they go to the metadata. */
  choices: z.array(z.string().min(1)).default([]),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `labelStudio`. */
export type LabelStudioOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> & Pick<ReadContext, "isOtherShard"> & { path: string; root: string };

/**
 * Reads an export of Label Studio in the form JSON or JSON_MIN, or the folder of `writeLabelStudio`, task by task, so that memory does not grow with the file. Inputs have the order of the file.
 *
 * Of several annotations of a task, the ground truth counts, else the latest that was not skipped; the report counts such tasks. Rectangles become boxes, rotated ones
 * the polygon of their corners (angle in `info.labelStudio.rotation`); polygons, key points and brush masks keep their form; an ellipse becomes a polygon of 64
 * corners. Choices and taxonomies become concepts of the input, and other answers are in `metadata.labelStudio`. Labels of a text become spans, whose
 * offsets count code points; labels of audio become time segments in seconds. Regions of other kinds are kept in `metadata.labelStudio.others` and counted.
 *
 * References (/data/upload/…, /data/local-files/?d=…, s3://…, relative paths) are found below `root`. An http URL without a file there stays a URL, and is not
 * fetched here. A task whose medium is missing or that is not valid fails alone (ERR_IMAGE_MISSING, ERR_LABEL, ERR_MASK).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE
 * @example await flow(labelStudio("./project-1.json", { root: "./media" })).pipe(batch(), upload(app)).run();
 */
export const labelStudio = defineSource({
  name: "labelStudio",
  parse(given: string, options: LabelStudioOptions = {}): Checked {
    checkPath("labelStudio", given);
    const checked = parseOptions("labelStudio", Options, options);
    const path = isFolder(given) ? join(given, "tasks.json") : given;
    return { ...checked, path, root: (checked.root ?? dirname(path)).replace(/(?<=[^/])\/+$/, "") };
  },
  from: ({ path }) => path,
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    const { path } = options;
    if (!isFile(path)) throw new SourceError("ERR_FILE_UNREADABLE", `labelStudio: ${path} is not a file`);
    try {
      for await (const item of jsonItems(path)) {
        if (signal.aborted) return;
        yield itemOf(item, options);
      }
    } catch (error) {
      if (!(error instanceof InputError))
        throw new SourceError("ERR_FILE_UNREADABLE", `labelStudio: ${path}: ${describeError(error)}`, { cause: error });
      yield { origin: path, error }; // the tasks before the damage are read already
    }
  },
});

async function itemOf({ index, text }: JsonItem, options: Checked): Promise<SourceItem> {
  const origin = `${options.path}:${index}`;
  try {
    const task = taskOf(parseLabelJson(text, origin), options.predictions, options.choices, origin);
    const shown = shownBy(task.data, options.field, options.root);
    if (!shown)
      throw new InputError(
        "ERR_LABEL",
        `${origin}: no field of the task shows an image, video, audio or text; the option field names it`,
      );
    if ("missing" in shown) throw missingImage(origin, shown.missing, shown.tried);
    const results = groupResults(task.results, origin);
    if ("kind" in shown && shown.kind === "image") return await imageTask(task, shown, results, origin, index, options);
    return otherTask(task, shown, results, origin, index, options);
  } catch (error) {
    return { origin, error: itemError(error) };
  }
}

function imageTask(
  task: Task,
  shown: Extract<Shown, { place: unknown }>,
  results: Results,
  origin: string,
  index: number,
  options: Checked,
): Promise<SourceItem> {
  const { root } = options;
  const { place } = shown;
  const isUrl = "url" in place;
  const relative = isUrl ? taskName(task, index) : place.relative;
  const content = isUrl ? { url: place.url } : { path: `${root}/${place.relative}` };
  const image = {
    origin: isUrl ? origin : (content.path ?? origin),
    relative,
    content,
    split: splitOf(task, relative),
  };
  const named = isUrl ? lastPart(place.url.replace(/[?#].*$/s, "")) : lastPart(place.relative);
  return imageItem(image, root, options, async (labeled) => {
    const [first] = results.regions.filter(({ originalWidth }) => originalWidth > 0);
    const declared = first && !isUrl ? { width: first.originalWidth, height: first.originalHeight } : undefined;
    const frame = labeled.frame(declared, origin);
    const regions = labeled.regions({ width: 1, height: 1 });
    const left = await addImageRegions(results.regions, regions, frame);
    const metadata = { filename: named, ...metadataOf(task, results, left, shown.key) };
    return { regions, frame, concepts: results.concepts, metadata, notes: [...task.notes, ...left.notes] };
  });
}

/** Makes the item of a text, an audio file or a video. */
function otherTask(
  task: Task,
  shown: NonNullable<Shown>,
  results: Results,
  origin: string,
  index: number,
  options: Checked,
): SourceItem {
  const left: LeftOver = { others: [], notes: new Set() };
  const input: InputDraft = {};
  let relative = taskName(task, index);
  let annotations: Annotation[];
  if ("text" in shown) {
    input.text = shown.text;
    annotations = textAnnotations(shown.text, results.regions, left);
  } else {
    const { kind, place } = shown as Extract<Shown, { place: unknown }>;
    if ("relative" in place) relative = place.relative;
    input[kind] = "url" in place ? { url: place.url } : { path: `${options.root}/${place.relative}` };
    annotations = timeAnnotations(results.regions, left);
  }
  const split = splitOf(task, relative);
  const metadata: Record<string, Json> = metadataOf(task, results, left, shown.key);
  if (relative !== taskName(task, index)) metadata.filename = lastPart(relative);
  if (split !== undefined) metadata.split = split;
  input.id = idOfImage(relative, options.ids, folderName(options.root));
  input.metadata = metadata;
  if (results.concepts.length > 0) input.concepts = results.concepts;
  if (annotations.length > 0) input.annotations = annotations;
  if (options.datasets.length > 0) input.datasets = options.datasets;
  return { origin, input, notes: [...task.notes, ...left.notes] };
}

/** Stands for the path of a task that has no file: its number, else its position. */
function taskName({ id }: Task, index: number): string {
  return id === undefined ? `position-${index}` : `task-${id}`;
}

function splitOf({ data }: Task, relative: string): string | undefined {
  return typeof data.split === "string" && data.split !== "" ? data.split : splitOfPath(relative);
}

/** Collects what a task says beside its medium and its regions. */
function metadataOf(task: Task, results: Results, left: LeftOver, key: string): Record<string, Json> {
  const facts: Record<string, Json> = { ...task.facts };
  const data = omit(task.data, [key, "split"]);
  if (Object.keys(data).length > 0) facts.data = data;
  if (Object.keys(results.answers).length > 0) facts.answers = results.answers;
  if (results.relations.length > 0) facts.relations = results.relations;
  if (left.others.length > 0) facts.others = left.others;
  return Object.keys(facts).length > 0 ? { labelStudio: facts } : {};
}
