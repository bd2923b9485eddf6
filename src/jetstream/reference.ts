/** References: how inputs travel on a stream, with the paths and URLs of their content instead of its bytes. */

import { hash } from "node:crypto";
import { lstatSync, readlinkSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import type { Listed } from "../core/accounting/tracking.js";
import { InputError } from "../core/errors.js";
import { decodeData, relocated } from "../core/input/content.js";
import type { Content, Input, InputDraft } from "../core/input/input.js";
import { kinds, mediaKinds } from "../core/input/kinds.js";
import { hideSecrets, revealSecrets, type SecretUrls } from "../core/input/secret-urls.js";
import { isObject } from "../core/util/json/json-values.js";

const version = 1;

/** The content of a message. */
export interface Reference {
  origin: string;
  input: InputDraft;
  /** The state that the input was listed with. */
  listed?: Listed | undefined;
}

interface Wire extends Reference {
  sluice: typeof version;
  /** The URLs of the input with their signatures; the fields of the input have them without. Secret. */
  secret?: SecretUrls | undefined;
}

/**
 * Encodes an input for a message of at most `maxBytes`. Files are named by their full paths, or by their paths in `root`. Sizes and times are left out,
 * since the worker reads them from its own copy.
 *
 * @throws {InputError} ERR_NOT_A_REFERENCE, ERR_PATH_OUTSIDE_ROOT, ERR_REFERENCE_TOO_LARGE
 */
export function encodeReference(
  input: Input,
  origin: string,
  maxBytes: number,
  root?: string,
  listed?: Listed,
): string {
  const copy: Record<string, unknown> = { ...input };
  let name = origin;
  for (const kind of mediaKinds) {
    const content = input[kind];
    if (!content || "url" in content) continue;
    if ("bytes" in content) {
      const text =
        "the content is in memory, and only files and URLs can be published; change it in the workers' pipeline";
      throw new InputError("ERR_NOT_A_REFERENCE", `publishTo: ${kind}: ${text}`);
    }
    copy[kind] = relocated(content, (file) => {
      const path = root === undefined ? resolve(file) : relativeTo(root, file);
      if (resolve(origin) === resolve(file)) name = path; // however it was typed, and wherever
      return path;
    });
  }
  const wire: Wire = {
    sluice: version,
    origin: name,
    ...hideSecrets(copy as InputDraft),
    listed: listed && withoutContent(listed),
  };
  const text = JSON.stringify(wire);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const limit = `the NATS server accepts at most ${maxBytes} in a message (max_payload)`;
  throw new InputError("ERR_REFERENCE_TOO_LARGE", `publishTo: text and fields have ${bytes} bytes, and ${limit}`);
}

/** Removes the content of a listed input. A patch does not compare it, and its URLs may have signatures. */
function withoutContent(listed: Listed): Listed {
  const data = { ...listed.data };
  for (const kind of kinds) delete data[kind];
  return { ...listed, data };
}

/**
 * Makes the id with which the server detects that a message is published twice: a hash of what the message has, and of the state of its files. Signatures
 * of URLs are left out, since they differ each time.
 */
export function messageIdOf(reference: string, input: Input): string {
  const text = reference.includes('"secret":') ? withoutSecret(reference) : reference;
  const files = mediaKinds.map((kind) => {
    const content = input[kind];
    if (!content || "url" in content || "bytes" in content) return 0;
    if (content.version !== undefined) return [content.sizeBytes, content.version];
    return "path" in content ? [content.sizeBytes, content.modifiedMs] : [content.sizeBytes];
  });
  return `${input.id}-${hash("sha1", JSON.stringify([text, files]), "base64url").slice(0, 22)}`;
}

function withoutSecret(reference: string): string {
  const { secret: _secret, ...wire } = JSON.parse(reference) as Wire;
  return JSON.stringify(wire);
}

/** Returns the path of a file relative to `root`. @throws {InputError} ERR_PATH_OUTSIDE_ROOT if the file is not in it */
function relativeTo(root: string, path: string): string {
  const inside = relative(root, resolve(path));
  if (inside !== "" && !isOutside(inside)) return inside;
  throw new InputError("ERR_PATH_OUTSIDE_ROOT", `publishTo: ${path} is not in the root ${root}`);
}

/** Decodes the input of a message. @throws {InputError} ERR_REFERENCE if the message is not an input of this version */
export function decodeReference(data: Uint8Array): Reference {
  const text = decodeData(data, "the message");
  let wire: Wire;
  try {
    wire = JSON.parse(text) as Wire;
  } catch (error) {
    throw new InputError("ERR_REFERENCE", "the message is not JSON", { cause: error });
  }
  const { sluice, origin, input: fields, secret, listed } = wire ?? {};
  if (sluice !== version || typeof origin !== "string" || !isObject(fields)) {
    const what = sluice === undefined ? "is not an input" : `is an input of version ${sluice}`;
    throw new InputError("ERR_REFERENCE", `the message ${what}; this release reads inputs of version ${version}`);
  }
  return { origin, input: revealSecrets(fields, secret), listed };
}

/**
 * Resolves the files of an input in the folder `root`, and refuses files outside it, also those behind links. Without `root`, returns the input.
 *
 * @throws {InputError} ERR_PATH_OUTSIDE_ROOT
 */
export function resolveFiles(input: InputDraft, root: string | undefined): InputDraft {
  if (root === undefined) return input;
  const copy: Record<string, unknown> = { ...input };
  for (const field of [...mediaKinds, "text"] as const) {
    const content = input[field] as Content | string | undefined;
    if (typeof content !== "object" || content === null) continue; // the later check of the shape refuses null
    copy[field] = relocated(content, (path) => pathInRoot(root, path));
  }
  return copy as InputDraft;
}

/** Returns the path of a file in `root`, without links below `root`. @throws {InputError} ERR_PATH_OUTSIDE_ROOT */
function pathInRoot(root: string, name: string): string {
  const path = resolve(root, name);
  if (isOutside(relative(root, path))) {
    throw new InputError("ERR_PATH_OUTSIDE_ROOT", `jetstream: ${name} is not in the root ${root}`);
  }
  const real = realPathOf(path);
  if (real === undefined) return path; // the file does not exist or cannot be read, which the flow reports
  const inside = relative(realpathSync.native(root), real);
  if (!isOutside(inside)) return join(root, inside);
  throw new InputError("ERR_PATH_OUTSIDE_ROOT", `jetstream: ${name} is a link that leaves the root ${root}`);
}

/** Returns the path without links, also of a file that does not exist in an existing folder, and of the missing target of a link. */
function realPathOf(path: string): string | undefined {
  try {
    return realpathSync.native(path);
  } catch {
    try {
      const folder = realpathSync.native(dirname(path));
      const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
      return isLink ? resolve(folder, readlinkSync(path)) : join(folder, basename(path));
    } catch {
      return undefined;
    }
  }
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith("../") || path.startsWith("..\\") || isAbsolute(path);
}
