/** References: how inputs travel on a stream, with the paths and URLs of their content instead of its bytes. */

import { isAbsolute, relative, resolve } from "node:path";
import type { Listed } from "../core/accounting/tracking.js";
import { InputError } from "../core/errors.js";
import { decodeData } from "../core/input/content.js";
import type { Content, Input, InputDraft } from "../core/input/input.js";
import { mediaKinds } from "../core/input/kinds.js";
import { hideSecrets, revealSecrets, type SecretUrls } from "../core/input/secret-urls.js";
import { isObject } from "../core/util/json-values.js";

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
  for (const kind of mediaKinds) {
    const content = input[kind];
    if (!content || "url" in content) continue;
    if ("bytes" in content) {
      const text =
        "the content is in memory, and only files and URLs can be published; change it in the workers' pipeline";
      throw new InputError("ERR_NOT_A_REFERENCE", `publishTo: ${kind}: ${text}`);
    }
    copy[kind] = { path: root === undefined ? resolve(content.path) : relativeTo(root, content.path) };
  }
  const wire: Wire = { sluice: version, origin, ...hideSecrets(copy as InputDraft), listed };
  const text = JSON.stringify(wire);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  const limit = `the NATS server accepts at most ${maxBytes} in a message (max_payload)`;
  throw new InputError("ERR_REFERENCE_TOO_LARGE", `publishTo: text and fields have ${bytes} bytes, and ${limit}`);
}

/** Returns the path of a file relative to `root`. @throws {InputError} ERR_PATH_OUTSIDE_ROOT if the file is not in it */
function relativeTo(root: string, path: string): string {
  const inside = relative(root, resolve(path));
  if (inside !== "" && !isOutside(inside)) return inside;
  throw new InputError("ERR_PATH_OUTSIDE_ROOT", `publishTo: ${path} is not in the root ${root}`);
}

/**
 * Decodes the input of a message. With `root`, resolves its files in that folder, and refuses files outside it.
 *
 * @throws {InputError} ERR_REFERENCE if the message is not an input of this version; ERR_PATH_OUTSIDE_ROOT
 */
export function decodeReference(data: Uint8Array, root?: string): Reference {
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
  const input = revealSecrets(fields, secret);
  return { origin, input: root === undefined ? input : resolveFiles(input, root), listed };
}

function resolveFiles(input: InputDraft, root: string): InputDraft {
  const copy: Record<string, unknown> = { ...input };
  for (const field of [...mediaKinds, "text"] as const) {
    const content = input[field] as Content | string | undefined;
    if (typeof content !== "object" || !("path" in content)) continue;
    const path = resolve(root, content.path);
    if (isOutside(relative(root, path))) {
      throw new InputError("ERR_PATH_OUTSIDE_ROOT", `jetstream: ${content.path} is not in the root ${root}`);
    }
    copy[field] = { ...content, path };
  }
  return copy as InputDraft;
}

function isOutside(path: string): boolean {
  return path === ".." || path.startsWith("../") || path.startsWith("..\\") || isAbsolute(path);
}
