/** Places images in a dataset: copies or links them under a temporary name. */

import { hash } from "node:crypto";
import { accessSync, constants, linkSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { copyFile, open } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { describeError, InputError, SinkError } from "../../core/errors.js";
import { makeFolder } from "../../core/files/make-folder.js";
import { asUnreadable, nameOfContent, openContent, sizeOfContent } from "../../core/input/content.js";
import type { Content, ReadableContent } from "../../core/input/input.js";

/** Returns the path of a file until it is complete. */
export function partialPath(path: string): string {
  return join(dirname(path), `.${basename(path)}.part`);
}

/** Returns what changes with the bytes of an image, for the digest of its record. */
export function identityOf(image: Content): string {
  if ("bytes" in image) return hash("sha1", image.bytes, "base64url");
  if ("url" in image) return image.url;
  const { sizeBytes, version } = image;
  // Two files may have the same size and time: those of a checkout have.
  if ("uri" in image) return `${image.uri} ${sizeBytes} ${version ?? ""}`;
  return `${resolve(image.path)} ${image.offset ?? ""} ${sizeBytes} ${version ?? image.modifiedMs ?? ""}`;
}

/** What became of an image. */
export interface PlacedMedia {
  sizeBytes: number;
  /** Whether it was copied because a link was not possible. */
  isCopyOfLink: boolean;
}

/**
 * Writes the bytes of an image to the temporary name of a path, whose folder exists.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_CHANGED, and what the opener throws
 * @throws {SinkError} ERR_FILE_UNWRITABLE
 */
export async function placeMedia(
  image: ReadableContent,
  path: string,
  { media, signal, plugin }: { media: "copy" | "link"; signal: AbortSignal; plugin: string },
): Promise<PlacedMedia> {
  const partial = partialPath(path);
  rmSync(partial, { force: true });
  const isFile = "path" in image && image.offset === undefined;
  const isLink = isFile && media === "link" && isLinked(image.path, partial);
  if (!isLink && isFile) await copyTo(image.path, partial, plugin);
  else if (!isLink) await writeBytes(image, partial, { signal, plugin });
  const { size } = statSync(partial);
  const expected = sizeOfContent(image);
  if (size === expected || expected === 0) return { sizeBytes: size, isCopyOfLink: media === "link" && !isLink };
  const text = `${nameOfContent(image)} changed: it had ${expected} bytes when it was read, and has ${size}`;
  throw new InputError("ERR_FILE_CHANGED", text);
}

/** Gives a file its own name. @throws {SinkError} ERR_FILE_UNWRITABLE */
export function rename(partial: string, path: string, plugin: string): void {
  try {
    renameSync(partial, path);
  } catch (error) {
    throw unwritable(path, error, plugin);
  }
}

/** Creates the folder of a file. @throws {SinkError} ERR_FILE_UNWRITABLE */
export function makeFolderOf(path: string, plugin: string): void {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw unwritable(path, error, plugin);
  }
}

/** Makes the error of a file that cannot be written. */
export function unwritable(path: string, error: unknown, plugin: string): SinkError {
  if (error instanceof SinkError) return error;
  const text = `${plugin}: ${path} cannot be written: ${describeError(error)}`;
  return new SinkError("ERR_FILE_UNWRITABLE", text, { cause: error });
}

/** Links a file; returns false where the system refuses, such as on another disk. A link to a symbolic link would be one, so its target is linked. */
function isLinked(from: string, to: string): boolean {
  try {
    linkSync(realpathSync(from), to);
    return true;
  } catch {
    return false; // the copy reports what is wrong
  }
}

async function copyTo(from: string, to: string, plugin: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  } catch (error) {
    try {
      accessSync(from, constants.R_OK);
    } catch (missing) {
      throw asUnreadable(from, missing);
    }
    throw unwritable(to, error, plugin);
  }
}

async function writeBytes(
  image: ReadableContent,
  to: string,
  { signal, plugin }: { signal: AbortSignal; plugin: string },
): Promise<void> {
  const write = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw unwritable(to, error, plugin);
    }
  };
  const file = await write(open(to, "w"));
  try {
    for await (const chunk of openContent(image, signal)) await write(file.appendFile(chunk));
  } finally {
    await file.close();
  }
}
