/** Transform: removes metadata from images, without encoding them again. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import { openContent, sizeOfContent } from "../core/input/content.js";
import { type BytesContent, type Input, mediaOf, type ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { jpegParts } from "./strip-exif/jpeg-parts.js";
import { fieldGroups, maxExifBytes, minimalExif } from "./strip-exif/minimal-exif.js";
import { compact, type Kept, notStripped, rangeOfFile, type Stripping } from "./strip-exif/parts.js";
import { pngParts } from "./strip-exif/png-parts.js";
import { readInto } from "./strip-exif/read-into.js";
import { webpParts } from "./strip-exif/webp-parts.js";

const optionFields = {
  /**
   * Fields of the EXIF block that stay: "gps" (the location), "time" (when the picture was taken), "camera" (make, model and lens, without serial numbers),
   * "copyright" (artist and copyright). "orientation" and "icc" always stay, since the picture looks different without them. Default: only these two.
   */
  keep: z.array(z.enum(fieldGroups)).default(["orientation", "icc"]),
  /**
   * What to do with media whose metadata cannot be removed: other formats than JPEG, PNG and WebP, videos, audio, and URLs. "fail": the input fails
   * (ERR_NOT_STRIPPED). "note": the input passes with its metadata, and the report counts it. Default: "fail".
   */
  onUnsupported: z.enum(["fail", "note"]).default("fail"),
  /** Maximum number of images processed at once. Default: 4. */
  concurrency: z.number().int().min(1).default(4),
};
const Options = z.strictObject(optionFields);
/** Options of `stripExif`. */
export type StripExifOptions = OptionsOf<typeof optionFields>;
type Checked = z.output<typeof Options>;
type Note = (text: string) => void;

/** Space before the file in memory: the result may begin with an EXIF block, and other parts that grow by a few bytes. */
const slackBytes = maxExifBytes + 4096;
/** Maximum bytes of an image, which is in memory once. */
const maxBytes = 1_000_000_000;
/** Bytes that identify the format. */
const headBytes = 12;
const appendedNote =
  "stripExif: dropped the data behind the image (a motion photo's video, a second picture, or padding)";

const formats: { name: string; isIt(head: string): boolean; parts(image: Stripping): Kept }[] = [
  { name: "JPEG", isIt: (head) => head.startsWith("\xff\xd8\xff"), parts: jpegParts },
  { name: "PNG", isIt: (head) => head.startsWith("\x89PNG\r\n\x1a\n"), parts: pngParts },
  { name: "WebP", isIt: (head) => head.startsWith("RIFF") && head.endsWith("WEBP"), parts: webpParts },
];

/**
 * Removes the metadata of JPEG, PNG and WebP images: EXIF with the location, XMP, IPTC, comments, texts, times, thumbnails, maker notes, and everything behind
 * the end of the image, such as the video of a motion photo. The pixels stay byte for byte. What the picture needs to look the same stays: the colour profile,
 * and the orientation, in an EXIF block of its own. An image without metadata passes unchanged.
 *
 * Keeps order. A medium of another kind or format fails (ERR_NOT_STRIPPED) unless `onUnsupported` is "note", and so does a damaged image; `fitImage({ format:
 * "jpeg" })` before it converts other images. Texts pass. The input's own `geo` and `metadata` stay. The result is in memory and counts against
 * `maxBytesInFlight`.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(geoFromExif(), stripExif({ keep: ["copyright"] }), batch(), upload(app));
 */
export const stripExif = defineTransform({
  name: "stripExif",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  apply(input, options, { note, signal }) {
    const media = mediaOf(input);
    if (!media) return input;
    const { kind, content } = media;
    if ("url" in content) {
      const reason = `the ${kind} is a URL, which the platform fetches itself; urls(list, { fetch: true }) fetches it first`;
      return unsupported(input, reason, options, note);
    }
    if (kind === "image") return stripped(input, content, options, { note, signal });
    const reason = `the input is ${content.mimeType ?? `of the kind ${kind}`}; JPEG, PNG and WebP images can be changed`;
    return unsupported(input, reason, options, note);
  },
});

function unsupported(input: Input, reason: string, { onUnsupported }: Checked, note: Note): Input {
  if (onUnsupported === "fail") throw notStripped(`${reason}; onUnsupported: "note" lets it pass`);
  const what = mediaOf(input);
  const type = what && "mimeType" in what.content ? (what.content.mimeType ?? what.kind) : (what?.kind ?? "input");
  note(`stripExif: ${type} passed with its metadata`);
  return input;
}

async function stripped(
  input: Input,
  content: ReadableContent,
  options: Checked,
  { note, signal }: { note: Note; signal: AbortSignal },
): Promise<Input> {
  const size = sizeOfContent(content);
  if (size > maxBytes) {
    throw new InputError("ERR_ITEM_TOO_LARGE", `the image has ${size} bytes; at most ${maxBytes} are read into memory`);
  }
  const head = await headOf(content, signal);
  const format = formats.find(({ isIt }) => isIt(head));
  if (!format) {
    const reason = `it is ${content.mimeType ?? "of an unknown format"}, not JPEG, PNG or WebP; fitImage({ format: "jpeg" }) before stripExif converts it`;
    return unsupported(input, reason, options, note);
  }
  const memory = await readInto(content, { size, slackBytes }, signal);
  const file = memory.subarray(slackBytes);
  const exif = minimalExif(rangeOfFile(file), options.keep);
  const { parts, hasAppended } = format.parts({ file, exif });
  if (hasAppended) note(appendedNote);
  const [only] = parts;
  if (parts.length === 1 && only && "end" in only && only.end === file.length) return input;
  const result = compact(memory, slackBytes, parts);
  const bytes = new Uint8Array(result.buffer as ArrayBuffer, result.byteOffset, result.byteLength);
  return { ...input, image: { ...factsOf(content), bytes } };
}

function factsOf({ mimeType, width, height }: ReadableContent): Omit<BytesContent, "bytes"> {
  return { mimeType, width, height };
}

async function headOf(content: ReadableContent, signal: AbortSignal): Promise<string> {
  let head = "";
  for await (const chunk of openContent(content, signal)) {
    head += chunk.toString("latin1", 0, headBytes - head.length);
    if (head.length === headBytes) break;
  }
  return head;
}
