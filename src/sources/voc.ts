/** Source: the images and boxes of a Pascal VOC dataset. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import type { Json } from "../core/input/input.js";
import { defineSource } from "../core/plugin/define-source.js";
import { checkPath, type OptionsOf, parseOptions } from "../core/plugin/options.js";
import type { ReadContext, SourceItem } from "../core/plugin/source.js";
import { annotationOptionFields } from "../formats/annotations/source-options.js";
import { insideOf, isFile, lastPart, missingImage, stemOf } from "../formats/datasets/files.js";
import { type ItemOptions, imageItem, itemError, type LabeledPicture } from "../formats/datasets/image-item.js";
import { splitOfPath } from "../formats/datasets/splits.js";
import { addVocObjects, type VocPixels, vocMetadata, vocNotes, vocPixels, vocSize } from "../formats/voc/annotation.js";
import {
  inside,
  type VocFiles,
  type VocFolder,
  type VocSplits,
  vocClasses,
  vocFiles,
  vocFolders,
  vocSplits,
} from "../formats/voc/layout.js";
import { childText, readXml, type XmlElement } from "../formats/xml/elements.js";

const optionFields = {
  /** Folder of the images, relative to the folder that has the annotations' folder. Default: JPEGImages or images, else beside the XML files. */
  images: z.string().min(1).optional(),
  /**
   * How coordinates count pixels. "one-based": as VOC defines, the first pixel is 1, and a box includes the pixels xmax and ymax. "zero-based": as labelImg,
   * CVAT and Datumaro write them. "auto": one-based, unless the file does not name PASCAL VOC as its source and has a coordinate with a fraction or of 0.
   * Default: "auto".
   */
  pixels: z.enum(["auto", "one-based", "zero-based"]).default("auto"),
};
const Options = z.strictObject({ ...annotationOptionFields, ...optionFields });
/** Options of `voc`. */
export type VocOptions = OptionsOf<typeof annotationOptionFields> & OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options> & Pick<ReadContext, "isOtherShard"> & { root: string };

/**
 * Reads a Pascal VOC dataset: one XML file an image, with boxes in pixels. `path` is the folder of one year (Annotations, JPEGImages, ImageSets), a VOCdevkit with
 * several years, a folder with `annotations` and `images`, or a folder with XML files beside images.
 *
 * Yields the images of the XML files in the order of their names, then the images without one. The image has the name of the XML file; if there is none, that of
 * its `filename`. Each object becomes a box with a concept; its parts become boxes of their own, with the number of their object as `info.voc.partOf`.
 * What else an object says (pose, truncated, difficult, actions) is in `info.voc`, and what else the file says in `metadata.voc`. `metadata.split` is the list of
 * ImageSets/Main that names the image, or the top folder if that is named train, valid, val, validation or test.
 *
 * An XML file that is not valid, or whose image is missing, fails alone (ERR_LABEL, ERR_IMAGE_MISSING). A declared size that the image does not have fails, too
 * (ERR_IMAGE_SIZE). It also decides whether boxes count in the stored or the upright pixels of an image with an EXIF orientation.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @throws {SourceError} (the run rejects) ERR_FOLDER_UNREADABLE
 * @example await flow(voc("./VOCdevkit/VOC2012")).pipe(batch(), upload(app)).run();
 */
export const voc = defineSource({
  name: "voc",
  parse(path: string, options: VocOptions = {}): Checked {
    checkPath("voc", path);
    return { ...parseOptions("voc", Options, options), root: path.replace(/(?<=[^/])\/+$/, "") };
  },
  classes({ root, images }) {
    const lists = vocFolders(root, images).flatMap((folder) => vocClasses(root, folder) ?? []);
    return lists.length > 0 ? [...new Set(lists)] : undefined;
  },
  async *read(checked, { signal, isOtherShard }) {
    const options = { ...checked, isOtherShard };
    for (const folder of vocFolders(options.root, options.images)) {
      const files = vocFiles(options.root, folder);
      const splits = vocSplits(options.root, folder);
      const used = new Set<string>();
      for (const label of files.labels) {
        if (signal.aborted) return;
        yield labeledImage({ label, folder, files, splits, used }, options);
      }
      for (const [stem, relative] of files.images) {
        if (signal.aborted) return;
        if (used.has(relative)) continue;
        const image = {
          origin: `${options.root}/${relative}`,
          relative,
          content: { path: `${options.root}/${relative}` },
        };
        yield imageItem({ ...image, split: splits.get(stem)?.[0] ?? splitOfPath(relative) }, options.root, options);
      }
    }
  },
});

/** An XML file and the dataset that it is in. */
interface Label {
  label: string;
  folder: VocFolder;
  files: VocFiles;
  splits: VocSplits;
  /** Images that an XML file named. */
  used: Set<string>;
}

async function labeledImage(context: Label, options: Checked): Promise<SourceItem> {
  const { label, folder, splits, used } = context;
  const { root } = options;
  const path = `${root}/${label}`;
  try {
    // The image counts as named even if its XML file cannot be read.
    const stem = stemOf(inside(label, folder.labels));
    const own = context.files.images.get(stem);
    if (own !== undefined) used.add(own);
    const xml = await readXml(path);
    if (xml.name !== "annotation")
      throw new InputError("ERR_LABEL", `${path} is not an annotation of VOC; its first element is ${xml.name}`);
    const relative = own ?? imageByName(xml, context, root, path);
    used.add(relative);
    const lists = splits.get(stem) ?? [];
    const image = {
      origin: `${root}/${relative}`,
      relative,
      content: { path: `${root}/${relative}` },
      split: lists[0] ?? splitOfPath(relative),
    };
    return await imageItem(image, root, options, (picture) =>
      labelsOf(xml, picture, { ...context, path, relative, lists }, options),
    );
  } catch (error) {
    return { origin: path, error: itemError(error) };
  }
}

function labelsOf(
  xml: XmlElement,
  labeled: LabeledPicture,
  { path, relative, folder, lists }: Label & { path: string; relative: string; lists: readonly string[] },
  options: ItemOptions & { root: string; pixels: VocPixels },
) {
  const frame = labeled.frame(vocSize(xml), path);
  const regions = labeled.regions(frame);
  const pixels = vocPixels(xml, options.pixels);
  addVocObjects(xml, regions, pixels, path);
  const facts: Record<string, Json> = vocMetadata(xml, childText(xml, "filename") === lastPart(relative)) ?? {};
  if (lists.length > 1) facts.sets = [...lists];
  const notes: string[] = options.pixels === "auto" && pixels === "zero-based" ? [vocNotes.zeroBased] : [];
  if (frame.isGuess && regions.annotations.length > 0) notes.push(vocNotes.guess);
  const stem = stemOf(inside(path.slice(options.root.length + 1), folder.labels));
  const base = folder.base === "" ? options.root : `${options.root}/${folder.base}`;
  if (["SegmentationClass", "SegmentationObject"].some((name) => isFile(`${base}/${name}/${stem}.png`)))
    notes.push(vocNotes.masks);
  return { regions, frame, ...(Object.keys(facts).length > 0 && { metadata: { voc: facts } }), notes };
}

/** Finds the image by the name in the XML file. @throws {InputError} ERR_IMAGE_MISSING */
function imageByName(xml: XmlElement, { label, folder, files }: Label, root: string, path: string): string {
  const name = childText(xml, "filename") ?? `${lastPart(stemOf(label))}.jpg`;
  const below = inside(label, folder.labels).split("/").slice(0, -1).join("/");
  const beside = [folder.images, below].filter((part) => part !== "").join("/");
  const candidates = [...new Set([name, lastPart(name)])].flatMap((one) => [
    insideOf(root, folder.images, one),
    insideOf(root, beside, one),
    files.images.get(stemOf(one)),
  ]);
  const tried = [...new Set(candidates.filter((one) => one !== undefined))];
  const found = tried.find((one) => isFile(`${root}/${one}`));
  if (found !== undefined) return found;
  throw missingImage(
    path,
    name,
    tried.map((one) => `${root}/${one}`),
  );
}
