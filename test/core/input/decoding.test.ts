import { expect, it } from "vitest";
import { decodeErrorText } from "../../../src/core/input/decoding.js";

it.each<[string, string, string | undefined, string]>([
  [
    "keeps the lines about the image",
    "VipsJpeg: premature end of JPEG image",
    "image/jpeg",
    "VipsJpeg: premature end of JPEG image",
  ],
  [
    "leaves out the lines about another image",
    "vipspng: libpng read error\nVipsJpeg: premature end",
    "image/jpeg",
    "VipsJpeg: premature end",
  ],
  ["names the same problem once", "vipspng: a\nvipspng: b\nvipspng: a", "image/apng", "vipspng: a; vipspng: b"],
  [
    "keeps lines that name no format",
    "Input image exceeds pixel limit",
    "image/png",
    "Input image exceeds pixel limit",
  ],
  ["has a text of its own if no line is left", "Unknown error", "image/png", "its data are damaged or truncated"],
  [
    "leaves out lines about a format if the type is unknown",
    "VipsJpeg: premature end",
    undefined,
    "its data are damaged or truncated",
  ],
])("%s", (_, message, mimeType, text) => {
  expect(decodeErrorText(new Error(message), mimeType)).toBe(text);
});
