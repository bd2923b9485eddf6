/** Reads parts of a remote content for code that reads synchronously. */

import { type AtUri, openUri } from "./open-uri.js";

/** Reads bytes from a position; fewer at the end of the content. */
export type ReadPart = (position: number, length: number) => Buffer;

/** Bytes of one request. Headers and directories lie close together, and a request takes longer than its bytes. */
const partBytes = 32 * 1024;

/**
 * Calls `use` with a function that reads parts of the content. A part that is not in memory ends the call: it is fetched, and `use` is called again from the
 * start. So `use` must do the same each time, and have no effect but its result.
 *
 * @throws {InputError} what `openUri` throws
 */
export async function withParts<T>(
  content: AtUri,
  use: (read: ReadPart) => T | Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const parts: { position: number; bytes: Buffer }[] = [];
  for (;;) {
    let missing: { position: number; length: number } | undefined;
    const read: ReadPart = (position, wanted) => {
      const length = Math.max(0, Math.min(wanted, content.sizeBytes - position));
      if (length === 0) return Buffer.alloc(0);
      const part = parts.find(
        (known) => position >= known.position && position + length <= known.position + known.bytes.length,
      );
      if (part) return part.bytes.subarray(position - part.position, position - part.position + length);
      missing ??= { position, length };
      throw missing;
    };
    try {
      const result = await use(read);
      if (!missing) return result; // else `use` took the missing part for damage
    } catch (error) {
      if (!missing) throw error;
    }
    const length = Math.max(missing.length, partBytes);
    const chunks: Buffer[] = [];
    for await (const chunk of openUri(content, { offset: missing.position, length, signal })) chunks.push(chunk);
    parts.push({ position: missing.position, bytes: Buffer.concat(chunks) });
  }
}
