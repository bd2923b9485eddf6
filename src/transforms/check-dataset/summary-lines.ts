/** Formats what is known about a dataset as lines of text. */

import { counted, countText } from "../../core/util/format/format.js";
import { type ClassCount, frequencyOf, noSplit, type SplitCount } from "./class-counts.js";
import type { DatasetSummary } from "./conclusions.js";
import type { Finding, FindingExample } from "./findings.js";

const maxExamples = 3;
const maxClasses = 40;
const maxSplitsInLine = 6;

/** Formats findings, classes, splits and sizes. */
export function summaryLines({ findings, classes, splits, sizes }: DatasetSummary): string[] {
  const lines = findings.flatMap(findingLines);
  lines.push(...classLines(classes, splits));
  const named = splits.filter(({ name }) => name !== noSplit || splits.length > 1);
  if (named.length > 0)
    lines.push(`splits   ${named.map(({ name, inputs }) => `${name} ${countText(inputs)}`).join(", ")}`);
  if (sizes) {
    const range =
      sizes.different === 1
        ? sizes.largest.join(" × ")
        : `${sizes.smallest.join(" × ")} to ${sizes.largest.join(" × ")}`;
    lines.push(`images   ${countText(sizes.images)}, ${range} pixels`);
  }
  return lines;
}

function findingLines({ check, severity, meaning, count, inputs, examples }: Finding): string[] {
  const where = inputs > 0 && inputs !== count ? ` in ${counted(inputs, "input")}` : "";
  const shown = examples.slice(0, maxExamples).map((example) => `           ${exampleText(example)}`);
  if (count > shown.length) shown.push(`           … and ${countText(count - shown.length)} more`);
  return [`${severity.padEnd(8)} ${check}: ${countText(count)}${where} (${meaning})`, ...shown];
}

function exampleText({ origin, reason, code }: FindingExample): string {
  const isNamed = origin === undefined || reason.startsWith(`${origin} `) || reason.startsWith(`${origin}:`);
  return `${isNamed ? "" : `${origin}: `}${reason}${code === undefined ? "" : ` [${code}]`}`;
}

/** Formats a table of the classes: the most frequent ones, and how many more there are. */
function classLines(classes: readonly ClassCount[], splits: readonly SplitCount[]): string[] {
  if (classes.length === 0) return [];
  const total = classes.reduce((sum, count) => sum + frequencyOf(count), 0);
  const shown = classes.slice(0, maxClasses);
  const width = Math.min(30, Math.max(...shown.map(({ name }) => name.length)));
  const lines = [`classes  ${countText(classes.length)}`];
  for (const count of shown) {
    const share = total === 0 ? 0 : (100 * frequencyOf(count)) / total;
    const numbers = `${countText(frequencyOf(count)).padStart(9)} ${share.toFixed(1).padStart(5)} %`;
    lines.push(
      `  ${count.name.padEnd(width)} ${numbers}  in ${counted(count.inputs, "input")}${splitsText(count, splits)}${count.declared === false ? ", not declared" : ""}`,
    );
  }
  if (classes.length > shown.length) lines.push(`  … and ${countText(classes.length - shown.length)} more`);
  return lines;
}

function splitsText(count: ClassCount, splits: readonly SplitCount[]): string {
  if (splits.length < 2) return "";
  const parts = splits.slice(0, maxSplitsInLine).map(({ name }) => `${name} ${countText(count.splits[name] ?? 0)}`);
  return ` (${parts.join(", ")})`;
}
