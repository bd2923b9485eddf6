/** Transform: puts contents under the kind that they are. */

import { InputError } from "../core/errors.js";
import { decodeText, describeBytes, describeFile, kindError, readContent } from "../core/input/content.js";
import { type BytesContent, type FileContent, type Input, type Kind, mediaOf } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";

/**
 * Finds out by content what each file or byte content is, and puts it under that kind, whatever kind it was given: an audio file given as image goes
 * on as audio, a text file as text. Type, width and height are filled in.
 *
 * Keeps order. URLs and texts go on unchanged. A content of no known kind settles its input as failed (ERR_KIND_UNKNOWN).
 *
 * @example flow(fromIterable([{ id: "a", image: { path: "./unknown.bin" } }])).pipe(detectType(), batch(), upload(app));
 */
export const detectType = defineTransform({
  name: "detectType",
  concurrency: 4,
  apply(input) {
    const media = mediaOf(input);
    return media && !("url" in media.content) ? moved(input, media.kind, media.content) : input;
  },
});

async function moved(input: Input, given: Kind, content: FileContent | BytesContent): Promise<Input> {
  const found = "path" in content ? await describeFile(content.path, given) : await describeBytes(content, given);
  if (found.kind === undefined) throw kindError(found, "path" in content ? content.path : "the content");
  const { [given as "image"]: _, ...rest } = input;
  if (found.kind !== "text") return { ...rest, [found.kind]: found.content };
  if (input.text !== undefined) {
    throw new InputError("ERR_INPUT_MEDIA", `the ${given} is a text, and the input has a text already`);
  }
  const text = found.text ?? decodeText(await readContent(found.content), "the content");
  return { ...rest, text };
}
