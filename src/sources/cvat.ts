/** Source: the images and shapes of "CVAT for images 1.1". */

import * as z from "zod";
import { InputError, SourceError } from "../core/errors.js";
import type { Json } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { SourceItem } from "../core/plugin/source.js";
import { annotationOptionFields } from "../formats/annotations/source-options.js";
import { cvatFiles, cvatImages, cvatLabels } from "../formats/cvat/document.js";
import { addCvatShapes } from "../formats/cvat/shapes.js";
import { insideOf, isFile, lastPart, missingImage } from "../formats/datasets/files.js";
import { type ItemOptions, imageItem, itemError } from "../formats/datasets/image-item.js";
import type { XmlElement } from "../formats/xml/elements.js";

const optionFields = {
  /** Folder of the images. Default: `images` beside the XML file, else the folder of the XML file. */
  images: z.string().min(1).optional(),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `cvat`. */
export type CvatOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;

/**
 * Reads an export of CVAT in the format "CVAT for images 1.1": an XML file, or the folder that has it and the images. The file is read image by image, so memory does
 * not grow with it. Inputs have the order of the file.
 *
 * Boxes, polygons and masks keep their form; a rotated box becomes the polygon of its corners, with the angle in `info.cvat.rotation`; each point becomes
 * a point; an ellipse becomes a polygon of 64 corners; a skeleton becomes its points, with its label in `info.cvat.skeleton`; a tag becomes a concept of the image. A polyline or a cuboid
 * has no form here: it is kept in `metadata.cvat.others`, and the report counts it as a note. Attributes, occluded, z_order and group_id are in
 * `info.cvat`. The subset of a project's export is the split. `classes` are the labels that the file declares.
 *
 * An image that is missing fails alone (ERR_IMAGE_MISSING), as does one with a broken shape (ERR_LABEL, ERR_MASK). Coordinates count in the upright pixels, unless the size in the
 * file is that of the stored ones.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FILE_UNREADABLE; ERR_CVAT_FORMAT for "CVAT for video 1.1", and for other XML
 * @example await flow(cvat("./task-7")).pipe(batch(), upload(app)).run();
 */
export const cvat = defineSource({
  name: "cvat",
  parse(path: string, options: CvatOptions = {}) {
    checkPath("cvat", path);
    return { ...parseOptions("cvat", Options, options), path };
  },
  from: ({ path }) => path,
  async classes({ path }) {
    const labels: string[] = [];
    for (const file of cvatFiles(path).files) labels.push(...(await cvatLabels(file)));
    return [...new Set(labels)];
  },
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    const { root, files } = cvatFiles(options.path);
    for (const file of files) {
      // A folder with train.xml and test.xml, as Datumaro writes it: the names are the splits.
      const split = files.length > 1 ? lastPart(file).replace(/\.xml$/i, "") : undefined;
      try {
        for await (const image of cvatImages(file)) {
          if (signal.aborted) return;
          yield imageOf(image, file, root, split, options);
        }
      } catch (error) {
        if (error instanceof SourceError) throw error;
        yield { origin: file, error: itemError(error) }; // images before a damage are read already
      }
    }
  },
});

async function imageOf(
  image: XmlElement,
  file: string,
  root: string,
  fileSplit: string | undefined,
  options: ItemOptions & { images?: string | undefined },
): Promise<SourceItem> {
  const origin = `${file}:${image.line}`;
  try {
    const name = image.attributes.get("name");
    if (!name) throw new InputError("ERR_LABEL", `${origin}: the image has no name`);
    const subset = image.attributes.get("subset");
    const relative = placeOf(name, subset, root, options.images, origin);
    const path = `${options.images ?? root}/${relative}`;
    const split = subset !== undefined && subset !== "" && subset !== "default" ? subset : fileSplit;
    return await imageItem({ origin: path, relative, content: { path }, split }, root, options, async (labeled) => {
      const [width, height] = ["width", "height"].map((side) => Number(image.attributes.get(side) ?? 0)) as [
        number,
        number,
      ];
      const frame = labeled.frame({ width, height }, origin);
      const regions = labeled.regions(frame);
      const { concepts, tags, others, notes } = await addCvatShapes(image, regions, frame, file);
      const facts: Record<string, Json> = Object.fromEntries([...image.attributes].filter(([key]) => !known.has(key)));
      if (lastPart(name) !== name) facts.name = name;
      if (tags.length > 0) facts.tags = tags;
      if (others.length > 0) facts.others = others;
      return { regions, frame, concepts, ...(Object.keys(facts).length > 0 && { metadata: { cvat: facts } }), notes };
    });
  } catch (error) {
    return { origin, error: itemError(error) };
  }
}

/** Attributes of an image that have a place of their own. */
const known = new Set(["name", "width", "height", "subset"]);

/** Finds the image, relative to the folder of images, or to that of the XML file. @throws {InputError} ERR_IMAGE_MISSING */
function placeOf(
  name: string,
  subset: string | undefined,
  root: string,
  images: string | undefined,
  label: string,
): string {
  const folders = images === undefined ? ["images", `images/${subset ?? ""}`, "", subset ?? ""] : ["", subset ?? ""];
  const tried = [...new Set(folders.flatMap((folder) => insideOf(images ?? root, folder, name) ?? []))];
  const found = tried.find((one) => isFile(`${images ?? root}/${one}`));
  if (found !== undefined) return found;
  throw missingImage(
    label,
    name,
    tried.map((one) => `${images ?? root}/${one}`),
  );
}
