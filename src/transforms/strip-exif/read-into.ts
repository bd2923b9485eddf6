/** Reads a content into one block of memory. */

import { open } from "node:fs/promises";
import { InputError } from "../../core/errors.js";
import { asUnreadable, openContent } from "../../core/input/content.js";
import type { FileContent, ReadableContent } from "../../core/input/input.js";

interface Sizes {
  /** Bytes of the content. */
  size: number;
  /** Free bytes before the content. */
  slackBytes: number;
}

/**
 * Reads a content into one block of memory, behind free space. A file is read without buffers between, which would double the memory until they are
 * collected.
 *
 * @throws {InputError} ERR_FILE_UNREADABLE, ERR_FILE_CHANGED
 */
export async function readInto(
  content: ReadableContent,
  { size, slackBytes }: Sizes,
  signal: AbortSignal,
): Promise<Buffer> {
  const memory = Buffer.allocUnsafeSlow(slackBytes + size);
  if ("path" in content) await readFileInto(memory.subarray(slackBytes), content);
  else {
    let at = slackBytes;
    for await (const chunk of openContent(content, signal)) {
      if (at + chunk.length > memory.length) throw changed(size);
      at += chunk.copy(memory, at);
    }
    if (at < memory.length) throw changed(size);
  }
  return memory;
}

async function readFileInto(memory: Buffer, { path, offset = 0 }: FileContent): Promise<void> {
  const file = await open(path, "r").catch((error: unknown) => {
    throw asUnreadable(path, error);
  });
  try {
    for (let at = 0; at < memory.length; ) {
      const { bytesRead } = await file.read(memory, at, memory.length - at, offset + at);
      if (bytesRead === 0) throw changed(memory.length);
      at += bytesRead;
    }
  } catch (error) {
    throw asUnreadable(path, error);
  } finally {
    await file.close();
  }
}

function changed(size: number): InputError {
  return new InputError("ERR_FILE_CHANGED", `the image no longer has ${size} bytes: it changed while it was read`);
}
