/** References: what travels on a stream, an input by its files and addresses and fields, without the bytes of a file. */

import { isAbsolute, relative, resolve } from "node:path";
import type { Listed } from "../core/accounting/tracking.js";
import { InputError } from "../core/errors.js";
import { decodeData } from "../core/input/content.js";
import type { Content, Input, InputDraft } from "../core/input/input.js";
import { mediaKinds } from "../core/input/kinds.js";
import { hideSecrets, revealSecrets, type SecretUrls } from "../core/input/secret-urls.js";

const version = 1;

/** An input on a stream. */
export interface Reference {
  origin: string;
  input: InputDraft;
  /** The state that the input was listed with. */
  listed?: Listed | undefined;
}

interface Wire extends Reference {
  sluice: typeof version;
  /** Secret: the whole URLs of the input, whose fields have them without their signatures. */
  secret?: SecretUrls | undefined;
}

/**
 * An input as it is published. Files go by their whole paths, or by those within `root`; how large they are is looked at anew by who gets them.
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
      const text = `${kind}: it is in memory, and only files and URLs can be published; change it in the workers' pipeline`;
      throw new InputError("ERR_NOT_A_REFERENCE", `publishTo: ${text}`);
    }
    copy[kind] = { path: root === undefined ? resolve(content.path) : within(root, content.path) };
  }
  const wire: Wire = { sluice: version, origin, ...hideSecrets(copy as InputDraft), listed };
  const text = JSON.stringify(wire);
  const bytes = Buffer.byteLength(text);
  if (bytes <= maxBytes) return text;
  throw new InputError(
    "ERR_REFERENCE_TOO_LARGE",
    `publishTo: its text and fields have ${bytes} bytes, and the engine takes messages of at most ${maxBytes} (max_payload)`,
  );
}

/** A path relative to a folder that it has to be in. */
function within(root: string, path: string): string {
  const inside = relative(root, resolve(path));
  if (inside !== "" && !isOutside(inside)) return inside;
  throw new InputError("ERR_PATH_OUTSIDE_ROOT", `publishTo: ${path} is not in the root ${root}`);
}

/**
 * The input of a message. With `root`, its files are found there, and none outside of it.
 *
 * @throws {InputError} ERR_REFERENCE when something else is on the stream, ERR_PATH_OUTSIDE_ROOT
 */
export function decodeReference(data: Uint8Array, root?: string): Reference {
  const text = decodeData(data, "the message");
  let wire: Wire;
  try {
    wire = JSON.parse(text) as Wire;
  } catch (error) {
    throw new InputError("ERR_REFERENCE", "the message is not JSON", { cause: error });
  }
  const { sluice, origin, input: found, secret, listed } = wire ?? {};
  if (sluice !== version || typeof origin !== "string" || typeof found !== "object" || found === null) {
    const what = sluice === undefined ? "no input" : `an input of version ${sluice}`;
    throw new InputError("ERR_REFERENCE", `the message has ${what}; this release reads inputs of version ${version}`);
  }
  const input = revealSecrets(found, secret);
  return { origin, input: root === undefined ? input : located(input, root), listed };
}

function located(input: InputDraft, root: string): InputDraft {
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
