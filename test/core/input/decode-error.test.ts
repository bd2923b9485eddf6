import { expect, it } from "vitest";
import { decodeErrorText } from "../../../src/core/input/decode-error.js";

it.each<[string, string, string | undefined, string]>([
  [
    "keeps what is said of the image",
    "VipsJpeg: premature end of JPEG image",
    "image/jpeg",
    "VipsJpeg: premature end of JPEG image",
  ],
  [
    "leaves out what is said of another",
    "vipspng: libpng read error\nVipsJpeg: premature end",
    "image/jpeg",
    "VipsJpeg: premature end",
  ],
  ["says a thing once", "vipspng: a\nvipspng: b\nvipspng: a", "image/apng", "vipspng: a; vipspng: b"],
  ["keeps what speaks of no format", "Input image exceeds pixel limit", "image/png", "Input image exceeds pixel limit"],
  ["says something where nothing is left", "Unknown error", "image/png", "its data are broken or cut short"],
  ["knows no format", "VipsJpeg: premature end", undefined, "its data are broken or cut short"],
])("%s", (_, message, mimeType, text) => {
  expect(decodeErrorText(new Error(message), mimeType)).toBe(text);
});
