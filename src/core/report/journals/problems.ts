/** Finds out why the sums of journals are not those of a whole flow. */

import type { JournalStatus } from "../../journal/journal-status.js";
import { counted } from "../../util/format/format.js";

/** Maximum number of missing shards that a text names. */
const maxNamed = 20;

/** Returns a text for each problem. */
export function problemsOf(journals: readonly JournalStatus[]): string[] {
  return [
    ...journals.flatMap((journal) => runProblem(journal) ?? []),
    ...targetProblems(journals),
    ...shardProblems(journals),
    ...journals.flatMap(({ path, damagedLines }) =>
      damagedLines > 0 ? `${path} has ${counted(damagedLines, "damaged line")}; a run checks their inputs again` : [],
    ),
  ];
}

function runProblem({ path, state, error, process, beganAt }: JournalStatus): string | undefined {
  const who = process ? `process ${process.pid} on ${process.host}, begun ${beganAt}` : "";
  switch (state) {
    case "ended":
      return undefined;
    case "missing":
      return `${path} does not exist`;
    case "stopped":
      return `${path}: the run was stopped before the end of its sources`;
    case "failed":
      return `${path}: the run ended with ${error}`;
    case "unfinished":
      return `${path}: the run has not ended (${who}); if that process is gone, start it again`;
    case "unknown":
      return `${path} records no end of a run, so an older release wrote it; run it again to know that it is complete`;
  }
}

function targetProblems(journals: readonly JournalStatus[]): string[] {
  const existing = journals.filter(({ state }) => state !== "missing");
  const [first] = existing;
  const other =
    first && existing.find(({ targetIds }) => JSON.stringify(targetIds) !== JSON.stringify(first.targetIds));
  if (!first || !other) return [];
  return [`${first.path} and ${other.path} have different targets: ${targetText(first)}, and ${targetText(other)}`];
}

function targetText({ targets, targetIds }: JournalStatus): string {
  const texts = targets.map((name, at) => (targetIds[at] === name ? name : `${name} (${targetIds[at]})`));
  return texts.length === 0 ? "no sink" : texts.join(", then ");
}

/** Finds shards that are missing or there twice, and journals of other numbers of shards. */
function shardProblems(journals: readonly JournalStatus[]): string[] {
  const existing = journals.filter(({ state }) => state !== "missing");
  const withShard = existing.filter(({ shard }) => shard !== undefined);
  const [first] = withShard;
  if (!first) return [];
  const problems = existing
    .filter(({ shard }) => shard === undefined)
    .map(({ path }) => `${path} belongs to a run without shards, and ${first.path} to shard ${first.shard}`);
  const count = countOf(first);
  const byIndex = new Map<number, string[]>();
  for (const journal of withShard) {
    const [index = 0] = (journal.shard ?? "").split("/").map(Number);
    if (countOf(journal) === count) byIndex.set(index, [...(byIndex.get(index) ?? []), journal.path]);
    else problems.push(`${journal.path} belongs to shard ${journal.shard}, and ${first.path} to shard ${first.shard}`);
  }
  for (const [index, paths] of byIndex) {
    if (paths.length > 1) problems.push(`shard ${index} of ${count} has ${paths.length} journals: ${paths.join(", ")}`);
  }
  return [...problems, ...missingShards(byIndex, count)];
}

function missingShards(present: ReadonlyMap<number, unknown>, count: number): string[] {
  const missing = count - present.size;
  if (missing <= 0) return [];
  const named: number[] = [];
  for (let index = 1; index <= count && named.length < maxNamed; index += 1) if (!present.has(index)) named.push(index);
  const more = missing > named.length ? `, and ${missing - named.length} more` : "";
  return missing === 1
    ? [`shard ${named[0]} of ${count} has no journal`]
    : [`${missing} of ${count} shards have no journal: ${named.join(", ")}${more}`];
}

function countOf({ shard = "" }: JournalStatus): number {
  return Number(shard.split("/")[1]);
}
