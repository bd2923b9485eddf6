/** The XML file of CVAT: its images, its labels and its mode. */

import { SourceError } from "../../core/errors.js";
import { filesIn, isFile, isFolder } from "../datasets/files.js";
import { childOf, childText, readElements, type XmlElement } from "../xml/elements.js";

/** Finds the XML files of an export: the file itself, or those at the top of a folder. @throws {SourceError} ERR_FILE_UNREADABLE */
export function cvatFiles(path: string): { root: string; files: string[] } {
  if (isFolder(path)) {
    const root = path.replace(/(?<=[^/])\/+$/, "");
    const names = filesIn(root).filter((name) => /\.xml$/i.test(name));
    if (names.length > 0) return { root, files: names.map((name) => `${root}/${name}`) };
    throw new SourceError("ERR_FILE_UNREADABLE", `cvat: ${path} has no XML file, such as annotations.xml`);
  }
  if (!isFile(path)) throw new SourceError("ERR_FILE_UNREADABLE", `cvat: ${path} does not exist`);
  return { root: path.includes("/") ? path.slice(0, path.lastIndexOf("/")) || "/" : ".", files: [path] };
}

/** Yields the images of a file. @throws {InputError} ERR_LABEL; {SourceError} ERR_CVAT_FORMAT for CVAT for video, and for other XML */
export async function* cvatImages(path: string): AsyncGenerator<XmlElement> {
  for await (const element of readElements(path, isPart, (name) => checkRoot(name, path))) {
    if (element.name === "track") {
      const text = `${path} is "CVAT for video 1.1" (it has tracks)`;
      throw new SourceError("ERR_CVAT_FORMAT", `cvat: ${text}; export the task as "CVAT for images 1.1"`);
    }
    if (element.name === "image") yield element;
  }
}

/** Reads the names of the labels that the file declares, in order, without those of the points of skeletons. */
export async function cvatLabels(path: string): Promise<string[]> {
  for await (const meta of readElements(path, isPart, (name) => checkRoot(name, path))) {
    if (meta.name !== "meta") break;
    return meta.children.flatMap((owner) => labelsOf(owner));
  }
  return [];
}

function labelsOf(owner: XmlElement): string[] {
  const labels = childOf(owner, "labels")?.children ?? [];
  return labels.flatMap((label) => (childText(label, "parent") === undefined ? (childText(label, "name") ?? []) : []));
}

function isPart(names: readonly string[]): boolean {
  return names.length === 2 && (names[1] === "image" || names[1] === "meta" || names[1] === "track");
}

function checkRoot(name: string, path: string): void {
  if (name === "annotations") return;
  throw new SourceError(
    "ERR_CVAT_FORMAT",
    `cvat: ${path} is not an XML of CVAT; its first element is ${name}, not annotations`,
  );
}
