/** Transform: checks inputs and their annotations. */

import * as z from "zod";
import { InputError } from "../core/errors.js";
import { defineTransform } from "../core/plugin/define-transform.js";
import type { OptionsOf } from "../core/plugin/options.js";
import { whenThere } from "../core/util/thenable.js";
import { type CheckName, checkNames, checks, type FailOn, failureLevels, isFailure } from "./check-dataset/checks.js";
import { DatasetChecks } from "./check-dataset/dataset-checks.js";
import type { InputFinding } from "./check-dataset/findings.js";
import { maxNearDistance } from "./check-dataset/near-images.js";
import { summaryLines } from "./check-dataset/summary-lines.js";

/** The options that `checkDataset` and `doctor` share. */
export const checkFields = {
  /** Findings that count as a failure: "error", "warning" (errors and warnings) or "never". Default: "error". */
  failOn: z.enum(failureLevels).default("error"),
  /** Decodes each image, which also finds damage in the middle of a file. Default: false. Headers and ends of files are always checked. */
  decode: z.boolean().default(false),
  /** Reads each file, and compares contents: duplicates, and leakage between splits. Default: true. */
  duplicates: z.boolean().default(true),
  /**
   * Decodes each image, and compares what people see: copies that were resized, encoded again, cropped a little or made lighter. Across splits they are leakage, in one
   * split near-duplicates. A number is the greatest number of differing bits, of 64, as for `nearDuplicates`, 0 to 11; true is 6. Default: false.
   */
  nearDuplicates: z.union([z.boolean(), z.number().int().min(0).max(maxNearDistance)]).default(false),
  /** Names of checks that are left out. */
  ignore: z.array(z.enum(checkNames as [CheckName, ...CheckName[]])).optional(),
  /** Names of the classes that the dataset declares. Default: in `doctor` those that the sources declare; else none, and no class is empty or undeclared. */
  classes: z.array(z.string().min(1)).optional(),
  /** Maximum number of inputs read at once. Default: 4. */
  concurrency: z.number().int().min(1).max(64).default(4),
};
const Options = z.strictObject(checkFields);
/** Options of `checkDataset`. */
export type CheckDatasetOptions = OptionsOf<typeof checkFields>;

/**
 * Checks each input as `doctor` does. An input with an error fails (ERR_CHECK, or the code with which an upload would refuse it); warnings are notes in the
 * report. Behind it, a flow uploads only what passed. In a plan it shows all problems before anything is sent.
 *
 * The report and the plan end with the findings, the counts of classes and splits, and the sizes of the images (`conclusions`). The split of an input is the text `split` of its
 * metadata. Of two inputs with the same content or id, the second has the finding.
 *
 * Keeps order. Reads each file once, and once more for `decode` and for `nearDuplicates`. Uses 80 to 160 bytes of memory for each input, and as much
 * again for each image that `nearDuplicates` compares.
 *
 * @throws {OptionsError} ERR_OPTIONS
 * @example flow(folder("./photos", { labels: "folder" })).pipe(checkDataset(), batch(), upload(app));
 */
export const checkDataset = defineTransform({
  name: "checkDataset",
  options: Options,
  concurrency: ({ concurrency }) => concurrency,
  parts: () => ["annotations"],
  open: ({ options }) => new DatasetChecks(options),
  apply: (input, options, { origin, signal, note, state }) =>
    whenThere(state.check(input, origin, signal), (findings) => {
      checkPasses(findings, options.failOn);
      for (const { check } of findings) note(`checkDataset: ${check} (${checks[check].severity})`);
      return input;
    }),
  conclude: ({ state }) => summaryLines(state.conclude()),
});

/** Fails an input with its first finding that counts as a failure. @throws {InputError} ERR_CHECK, or the code of a limit */
function checkPasses(findings: readonly InputFinding[], failOn: FailOn): void {
  const failures = findings.filter(({ check }) => isFailure(check, failOn));
  const [first] = failures;
  if (!first) return;
  if (first.error) throw first.error;
  const more = failures.length > 1 ? ` (and ${failures.length - 1} more)` : "";
  throw new InputError("ERR_CHECK", `${first.check}: ${first.reason}${more}`);
}
