/** Content hashes, by which a later upload recognizes stored content. */

import xxhash from "xxhash-wasm";
import { type Input, mediaOf } from "../../core/input/input.js";
import { withoutSignature } from "../../core/redact-urls.js";

/** Hashes content: fast, and safe against accidents, not against attackers. */
export interface ContentHasher {
  h64(text: string, seed?: bigint): bigint;
  h64Raw(bytes: Uint8Array, seed?: bigint): bigint;
  create64(seed?: bigint): { update(piece: string | Uint8Array): unknown; digest(): bigint };
}

/** Longer texts are hashed in slices, because the memory of the hasher grows to its largest input and never shrinks. */
const characters = 64 * 1024;

let loading: Promise<ContentHasher> | undefined;

/** Loads the hasher once for the process. */
export function loadHasher(): Promise<ContentHasher> {
  loading ??= xxhash();
  return loading;
}

/** Formats a digest as a content hash: 16 hexadecimal characters. */
export function contentHashText(digest: bigint): string {
  return digest.toString(16).padStart(16, "0");
}

/** Computes the digest of an input without bytes of its own: of its text, and of its address. */
export function digestOfInput(hasher: ContentHasher, input: Input): bigint {
  const content = mediaOf(input)?.content;
  const url = content && "url" in content ? content.url : input.textUrl;
  const seed = url === undefined ? 0n : hasher.h64(withoutSignature(url)); // another signature does not change the content
  return digestOfText(hasher, input.text ?? "", seed);
}

/** Adds the text beside the bytes of an image to their digest: the same image with another text is another content. */
export function withText(hasher: ContentHasher, digest: bigint, { text }: Pick<Input, "text">): bigint {
  return text === undefined ? digest : digestOfText(hasher, text, digest);
}

function digestOfText(hasher: ContentHasher, text: string, seed: bigint): bigint {
  if (text.length <= characters) return hasher.h64(text, seed);
  const hash = hasher.create64(seed);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += characters) hash.update(bytes.subarray(at, at + characters));
  return hash.digest();
}
