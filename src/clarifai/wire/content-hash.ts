/** Fingerprints of contents, by which an upload knows later what is there. */

import xxhash, { type XXHashAPI } from "xxhash-wasm";
import { type Input, mediaOf } from "../../core/input/input.js";
import { withoutSignature } from "../../core/redact-urls.js";

/** Hashes content: fast, and good against accidents, not against attackers. */
export type ContentHasher = Pick<XXHashAPI, "h64" | "h64Raw" | "create64">;

/** Longer texts are hashed in slices: what the hasher has once been given at once, it has room for ever after. */
const characters = 64 * 1024;

let loading: Promise<XXHashAPI> | undefined;

/** Loads the hasher; once for the process. */
export function loadHasher(): Promise<ContentHasher> {
  loading ??= xxhash();
  return loading;
}

/** The fingerprint of a digest: 16 hexadecimal characters. */
export function fingerprintText(digest: bigint): string {
  return digest.toString(16).padStart(16, "0");
}

/** The digest of an input that has no bytes of its own: of its text, and of its address. */
export function digestOfInput(hasher: ContentHasher, input: Input): bigint {
  const content = mediaOf(input)?.content;
  const url = content && "url" in content ? content.url : input.textUrl;
  const seed = url === undefined ? 0n : hasher.h64(withoutSignature(url)); // signed anew, it is the same content
  const { text = "" } = input;
  if (text.length <= characters) return hasher.h64(text, seed);
  const hash = hasher.create64(seed);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += characters) hash.update(bytes.subarray(at, at + characters));
  return hash.digest();
}
