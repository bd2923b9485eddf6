/** Checks inputs one after the other: each by itself, and all of them together. */

import { IdsInRun } from "../../core/accounting/ids/ids-in-run.js";
import { type Input, kindOf, mediaOf } from "../../core/input/input.js";
import { contentKey } from "../../formats/files/content-key.js";
import { type Hashed, perceptualHash } from "../near-duplicates/perceptual-hash.js";
import { checkFile, checkPlatform } from "./check-content.js";
import { checkRegions } from "./check-regions.js";
import type { CheckName } from "./checks.js";
import { ClassCounts, splitOf } from "./class-counts.js";
import { addConclusions, type DatasetSummary } from "./conclusions.js";
import type { InputFinding } from "./findings.js";
import { FindingLog } from "./findings.js";
import { ImageSizes } from "./image-sizes.js";
import { defaultNearDistance, NearImages } from "./near-images.js";

export interface CheckOptions {
  decode: boolean;
  duplicates: boolean;
  /** Whether images are compared by what people see, or at which distance. */
  nearDuplicates: boolean | number;
  ignore?: readonly CheckName[] | undefined;
  classes?: readonly string[] | undefined;
}

/** What reading the file of an input told. */
interface Read {
  /** Key of its content. */
  key?: string | undefined;
  finding?: InputFinding | undefined;
  /** The perceptual hash of its image, or why it has none; undefined if images are not compared. */
  hash?: Hashed | "url" | undefined;
}

/** An image with a shorter side is tiny. */
const minSide = 10;

/** Checks the inputs of a run. Its memory grows by 80 to 160 bytes for each input, for the ids and the contents so far. */
export class DatasetChecks {
  readonly log: FindingLog;
  readonly #options: CheckOptions;
  readonly #counts: ClassCounts;
  readonly #sizes = new ImageSizes();
  readonly #unlabelled = new FindingLog();
  readonly #ids = new IdsInRun();
  readonly #contents = new IdsInRun();
  readonly #near: NearImages | undefined;
  /** Numbers of the splits, which the table of contents records. */
  readonly #splits: string[] = [];
  #inputs = 0;
  #labelled = 0;
  /** The check of the input before, which is awaited so that inputs are compared in their order. Undefined if it has ended. */
  #before: Promise<unknown> | undefined;

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#counts = new ClassCounts(options.classes);
    this.log = new FindingLog(options.ignore);
    const { nearDuplicates } = options;
    if (nearDuplicates !== false)
      this.#near = new NearImages(nearDuplicates === true ? defaultNearDistance : nearDuplicates);
  }

  /**
   * Checks an input, and returns what was found about it. Files of several inputs may be read at the same time. Returns a promise only if a file is read, or
   * one of an earlier input.
   */
  check(input: Input, origin: string, signal: AbortSignal): InputFinding[] | Promise<InputFinding[]> {
    const reading = this.#read(input, signal);
    if (!this.#before && !(reading instanceof Promise)) return this.#compare(input, origin, reading);
    if (reading instanceof Promise) reading.catch(() => undefined); // awaited below
    const checked = Promise.resolve(this.#before).then(async () => this.#compare(input, origin, await reading));
    const ended = checked
      .catch(() => undefined)
      .then(() => {
        if (this.#before === ended) this.#before = undefined;
      });
    this.#before = ended;
    return checked;
  }

  #read(input: Input, signal: AbortSignal): Read | Promise<Read> {
    const { duplicates } = this.#options;
    const content = mediaOf(input)?.content;
    if (content && !("url" in content)) return readFile(input, this.#options, signal);
    const hash = this.#near && input.image ? "url" : undefined;
    const key = duplicates ? contentKey(input, signal) : undefined;
    return key instanceof Promise ? key.then((text) => ({ key: text, hash })) : { key, hash };
  }

  #compare(input: Input, origin: string, { key, finding, hash }: Read): InputFinding[] {
    this.#inputs += 1;
    const findings = [finding, checkPlatform(input), ...checkRegions(input), this.#sizeOf(input)];
    for (const name of this.#counts.add(input))
      findings.push({ check: "undeclared-class", reason: `the class ${JSON.stringify(name)} is not declared` });
    const isLabelled = input.concepts.length > 0 || input.annotations.length > 0;
    if (isLabelled) this.#labelled += 1;
    else this.#unlabelled.addInput(origin, { check: "no-label", reason: "no class and no annotation" });
    const same = this.#sameContent(input, origin, key);
    findings.push(this.#sameId(input, origin), same);
    if (hash !== undefined && !same)
      findings.push(this.#near?.compare(hash, { id: input.id, origin, split: splitOf(input) }));
    const found = findings.filter((each) => each !== undefined).filter(({ check }) => !this.log.ignores(check));
    for (const each of found) this.log.addInput(origin, each);
    return found;
  }

  #sizeOf({ image }: Input): InputFinding | undefined {
    const { width, height } = image ?? {};
    if (!width || !height) return undefined;
    this.#sizes.add(width, height);
    if (Math.min(width, height) >= minSide) return undefined;
    return { check: "tiny-image", reason: `the image has ${width} × ${height} pixels` };
  }

  #sameId({ id }: Input, origin: string): InputFinding | undefined {
    const first = this.#ids.claim(id, origin, 0);
    return first && { check: "duplicate-id", reason: `${first.origin} has the same id ${JSON.stringify(id)}` };
  }

  #sameContent(input: Input, origin: string, key: string | undefined): InputFinding | undefined {
    if (key === undefined || kindOf(input) === undefined) return undefined;
    const split = splitOf(input);
    if (!this.#splits.includes(split) && this.#splits.length < 1000) this.#splits.push(split);
    const first = this.#contents.claim(key, origin, this.#splits.indexOf(split));
    if (!first) return undefined;
    const firstSplit = this.#splits[first.sequence] ?? split;
    if (firstSplit === split) return { check: "duplicate-file", reason: `${first.origin} has the same content` };
    return { check: "leakage", reason: `${first.origin} in ${firstSplit} has the same content as this in ${split}` };
  }

  /** Adds the findings about all inputs together, and returns everything. */
  conclude(): DatasetSummary {
    const log = this.log.copy();
    addConclusions(log, this.#counts, this.#sizes);
    const [unlabelled] = this.#labelled > 0 ? this.#unlabelled.list : [];
    if (unlabelled) log.include(unlabelled);
    const { classes, splits } = this.#counts;
    return { inputs: this.#inputs, findings: log.list, classes, splits, sizes: this.#sizes.summary };
  }
}

async function readFile(input: Input, options: CheckOptions, signal: AbortSignal): Promise<Read> {
  const { decode, duplicates, nearDuplicates } = options;
  const finding = await checkFile(input, decode, signal);
  if (finding) return { finding };
  const key = duplicates ? await contentKey(input, signal) : undefined;
  const image = nearDuplicates !== false && input.image && !("url" in input.image) ? input.image : undefined;
  return { key, hash: image && (await perceptualHash(image)) };
}
