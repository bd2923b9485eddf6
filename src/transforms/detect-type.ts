/** Transform: moves each content to the field of its actual kind. */

import { InputError } from "../core/errors.js";
import { decodeText, nameOfContent, readContent } from "../core/input/content.js";
import { describeContent, kindError } from "../core/input/describe.js";
import { type Input, type Kind, mediaOf, type ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import { omit } from "../core/util/omit.js";

/**
 * Detects the kind of each file or byte content, and moves it to the field of that kind: an audio file in `image` moves to `audio`, a text file to
 * `text`. Type, width and height are filled in.
 *
 * Keeps order. URLs and texts pass unchanged. An input settles as failed if its content has no known kind (ERR_KIND_UNKNOWN), or if the content is a
 * text and the input already has one (ERR_INPUT_MEDIA).
 *
 * @example flow(fromIterable([{ id: "a", image: { path: "./unknown.bin" } }])).pipe(detectType(), batch(), upload(app));
 */
export const detectType = defineTransform({
  name: "detectType",
  concurrency: 4,
  apply(input) {
    const media = mediaOf(input);
    return media && !("url" in media.content) ? withActualKind(input, media.kind, media.content) : input;
  },
});

async function withActualKind(input: Input, field: Kind, content: ReadableContent): Promise<Input> {
  const found = await describeContent(content, field);
  if (found.kind === undefined) throw kindError(found, nameOfContent(content));
  const rest = omit(input, [field]);
  if (found.kind !== "text") return { ...rest, [found.kind]: found.content };
  if (input.text !== undefined) {
    throw new InputError("ERR_INPUT_MEDIA", `the ${field} is a text, and the input already has a text`);
  }
  const text = found.text ?? decodeText(await readContent(found.content), "the content");
  return { ...rest, text };
}
