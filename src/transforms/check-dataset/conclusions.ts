/** Findings about all inputs together: classes, splits and sizes. */

import { type ClassCount, type ClassCounts, frequencyOf, noSplit, type SplitCount } from "./class-counts.js";
import type { Finding, FindingLog } from "./findings.js";
import type { ImageSizes, SizeSummary } from "./image-sizes.js";

/** What is known about a dataset after its last input. */
export interface DatasetSummary {
  /** Number of inputs that were checked. */
  inputs: number;
  findings: Finding[];
  classes: ClassCount[];
  splits: SplitCount[];
  sizes?: SizeSummary | undefined;
}

/** A class this many times as frequent as another is worth a finding. */
const imbalance = 10;

/** Adds the findings about all inputs together to a log. */
export function addConclusions(log: FindingLog, counts: ClassCounts, sizes: ImageSizes): void {
  const { classes, splits } = counts;
  const used = classes.filter((count) => frequencyOf(count) > 0);
  for (const { name, declared, inputs } of classes) {
    if (declared && inputs === 0)
      log.add("empty-class", `no input that was read has the class ${JSON.stringify(name)}`);
  }
  addMissingInTrain(log, used, splits);
  const [most] = used;
  const least = used.at(-1);
  if (most && least && frequencyOf(most) >= imbalance * frequencyOf(least)) {
    const parts = [most, least].map((count) => `${JSON.stringify(count.name)}: ${frequencyOf(count)}`);
    log.add("class-imbalance", parts.join(", "));
  }
  const { summary } = sizes;
  if (summary && summary.different > 1) {
    const [smallest, largest] = [summary.smallest.join(" × "), summary.largest.join(" × ")];
    // Sizes with equally many pixels differ in their sides only, such as upright and turned images.
    const range =
      smallest === largest ? `, such as ${smallest}, with equally many pixels` : ` from ${smallest} to ${largest}`;
    log.add("mixed-sizes", `${summary.different} sizes${range}`);
  }
}

function addMissingInTrain(log: FindingLog, used: readonly ClassCount[], splits: readonly SplitCount[]): void {
  const train = splits.find(({ name }) => /^train(?:ing)?$/i.test(name));
  if (!train || splits.length < 2) return;
  for (const count of used) {
    if (count.splits[train.name] !== undefined) continue;
    const found = Object.keys(count.splits).filter((name) => name !== noSplit);
    if (found.length === 0) continue;
    log.add(
      "class-not-in-train",
      `the class ${JSON.stringify(count.name)} is in ${found.join(", ")}, and not in ${train.name}`,
    );
  }
}
