/** Transform: drops images that look like an earlier image. */

import { availableParallelism } from "node:os";
import * as z from "zod";
import type { Input, ReadableContent } from "../core/input/input.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { Decisions } from "./near-duplicates/decisions.js";
import { maxDistance } from "./near-duplicates/hash-index.js";
import type { Match } from "./near-duplicates/kept-images.js";

const optionFields = {
  /**
   * Greatest number of differing bits, of 64, at which two images count as the same, 0 to 11. Copies that were resized or encoded again differ in 0 to 4 bits;
   * different photographs in 14 and more, as a rule. Default: 6.
   */
  distance: z.number().int().min(0).max(maxDistance).default(6),
  /** File that records the kept images, so that later runs compare with them, too. It is created if it does not exist. Default: only this run counts. */
  store: z.string().min(1).optional(),
  /** Maximum number of images decoded at once. Default: one per core, and at most the threads of the Node.js thread pool minus one. */
  concurrency: z.number().int().min(1).max(64).optional(),
};
const Options = z.strictObject(optionFields);
/** Options of `nearDuplicates`. */
export type NearDuplicatesOptions = OptionsOf<typeof optionFields>;

/** Decoding takes a thread of the pool, which also reads files. */
const poolThreads = Number(process.env.UV_THREADPOOL_SIZE) || 4;
const imagesAtOnce = Math.max(1, Math.min(availableParallelism(), poolThreads - 1, 64));

const notes = {
  url: "nearDuplicates: the image is a URL, so it was not compared; urls(list, { fetch: true }) fetches it",
  undecodable: "nearDuplicates: the image cannot be decoded, so it was not compared",
  "no detail": "nearDuplicates: the image has hardly any detail (one colour, a blank page), so it was not compared",
  damaged: "nearDuplicates: damaged lines of the store were ignored, so duplicates of these images are kept",
};

/**
 * Drops each image that looks like an earlier image: a smaller copy, another format or quality, another brightness, a narrow crop. Images are compared by a
 * perceptual hash of 64 bits, upright. The first one in the order of the source is kept. `dedupe` compares bytes instead, and every kind of input.
 *
 * A dropped input settles as skipped ("dropped by nearDuplicates"). The report's page shows it beside the image that was kept, with the distance
 * (`report.sheets`). With `store`, images that earlier runs kept count as well. An image keeps its decision in a resumed run, since the store knows its id.
 *
 * If the kept image fails before a similar one comes, the similar one is kept. If it fails later, what was dropped for it stays dropped, and the report names it
 * (`report.conclusions`).
 *
 * Keeps order. Other inputs pass, and so do images that cannot be decoded, have hardly any detail, or are URLs, with a note. Uses about 150 bytes of memory per
 * kept image. An input settles as failed if its file cannot be read, or if the store is in use or unusable (ERR_HASH_STORE).
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos")).pipe(nearDuplicates({ store: "./photos.hashes" }), batch(), upload(app));
 */
export const nearDuplicates = defineTransform({
  name: "nearDuplicates",
  options: Options,
  concurrency: ({ concurrency }) => concurrency ?? imagesAtOnce,
  dropsAreDone: true,
  open: ({ options }) => new Decisions(options),
  settled: (settlement, { state }) => state.settled(settlement),
  conclude: ({ state }) => state.conclude(),
  close: ({ state }) => state.close(),
  apply(input, _options, { note, show, origin, dryRun, state }) {
    const { image } = input;
    if (!image) return input;
    if (!("url" in image)) return judged(input, image, { note, show, origin, dryRun }, state);
    note(notes.url);
    return input;
  },
});

interface Context {
  note(text: string): void;
  show(row: { text: string; pictures: { name: string; content: Match["kept"]["content"] }[] }): void;
  origin: string;
  dryRun: boolean;
}

async function judged(input: Input, content: ReadableContent, context: Context, decisions: Decisions) {
  const { note, show, origin, dryRun } = context;
  const decision = await decisions.decide({ id: input.id, origin, content }, dryRun);
  if (decisions.damagedLines > 0) note(notes.damaged);
  if (typeof decision === "string") {
    if (decision !== "kept") note(notes[decision]);
    return input;
  }
  const { kept, distance } = decision;
  show({
    text: `was dropped: it looks like ${kept.origin} (id ${kept.id}); ${distance} of 64 bits differ`,
    pictures: [
      { name: origin, content },
      { name: kept.origin, content: kept.content },
    ],
  });
  return null;
}
