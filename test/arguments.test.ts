import { expect, it } from "vitest";
import {
  addAnnotations,
  connect,
  csv,
  download,
  flow,
  folder,
  fromIterable,
  jsonl,
  listInputs,
  patch,
  patchConcepts,
  remove,
  removeAnnotations,
  upload,
  urls,
  writeJsonl,
} from "../src/index.js";

const app = connect({ baseUrl: "http://127.0.0.1:9", pat: "any" });

/** Wrong arguments that programs without types may pass. */
const wrong: [string, (given: never) => unknown, unknown, RegExp][] = [
  ["folder", folder, undefined, /path.*got undefined/],
  ["folder", folder, "", /path.*got ""/],
  ["csv", csv, 5, /path.*got 5/],
  ["jsonl", jsonl, null, /path.*got null/],
  ["urls", urls, undefined, /path.*got undefined/],
  ["fromIterable", fromIterable, 5, /iterable, got 5/],
  ["writeJsonl", writeJsonl, new URL("file:///tmp/x"), /path.*got a URL/],
  ["download", download, undefined, /path/],
  ["flow", flow, "./photos", /source.*got "\.\/photos"/],
  ["flow", flow, [folder("x"), undefined], /source.*got undefined/],
  ["upload", upload, undefined, /app.*got undefined/],
  ...[upload, patch, patchConcepts, remove, removeAnnotations, addAnnotations, listInputs].map(
    (make): (typeof wrong)[number] => [make.name, make, app, /app.*got a promise: await connect/],
  ),
];

it.each(wrong)("%s throws at once and names what is wrong with its first argument", (name, make, given, text) => {
  expect(() => make(given as never)).toThrow(
    expect.objectContaining({
      name: "OptionsError",
      code: "ERR_OPTIONS",
      message: expect.stringMatching(new RegExp(`^${name}: .*${text.source}`)) as string,
    }) as Error,
  );
});
