/** `sluice copy`: copies the inputs of an app into another app, and compares the two. */

import { Command } from "commander";
import type { Report } from "../core/report/report.js";
import { print } from "./common/output.js";
import { conclude, finish, type RunningOptions, runOptions, withRun } from "./common/running.js";
import { type SelectingOptions, selectedInputs, withSelection } from "./common/selecting.js";
import {
  type CopyTargetOptions,
  type CopyTargets,
  copyTargets,
  withCopyTargets,
  withTargets,
} from "./copying/copy-targets.js";
import { KindCounts } from "./copying/kind-counts.js";

/** A copy and its check read every input, since the index of a search may be behind. */
const everyInput = { search: false };

interface CopyOptions extends CopyTargetOptions, SelectingOptions, RunningOptions {
  check: boolean;
  checkOnly?: boolean;
  oneWay?: boolean;
  download?: boolean;
}

/** Creates the command. */
export function copyCommand(): Command {
  const command = new Command("copy")
    .summary("copies inputs into another app, and compares both")
    .description(
      "Copies inputs with their content, concepts, metadata, location, annotations and datasets from one app into another one: of the same server, of another server, or of an emulator's data folder. Nothing is written to disk. An input that is there with the same content is skipped; with other content, it fails. A copy that was stopped or killed is continued by the same command. In the end, both apps are compared.",
    );
  const running = withRun(withSelection(withCopyTargets(command)))
    .optionsGroup("The check:")
    .option("--no-check", "do not compare the apps after the copy")
    .option("--check-only", "compare the apps, and copy nothing")
    .option("--one-way", "with --check-only: ignore inputs that only the second app has")
    .option("--download", "compare every byte, in place of the SHA-256 that a server names");
  return running
    .addHelpText(
      "after",
      `
Examples:
  $ sluice copy me/photos me/photos-2
  $ sluice copy photos photos-2 --dataset train --journal copy.journal
  $ sluice copy photos photos-2 --dataset old && sluice remove --app photos --dataset old        (moves them)
  $ sluice copy --from me/photos --to-store ./backup        (into an emulator on this machine)
  $ sluice copy --from-store ./backup --to me/photos        (and back)
  $ sluice copy me/photos me/photos-2 --check-only`,
    )
    .action((from: string | undefined, to: string | undefined, options: CopyOptions, command: Command) => {
      const problem = problemOf(options);
      if (problem !== undefined) return command.error(`error: ${problem}`, { exitCode: 2 });
      return withTargets(copyTargets(from, to, options), (targets) => run(targets, options));
    });
}

/** Returns what is wrong with the options; undefined if the command can start. */
function problemOf({
  check,
  checkOnly,
  dryRun,
  oneWay,
  download,
  journal,
  deadLetters,
  status,
}: CopyOptions): string | undefined {
  if (checkOnly && !check) return "--check-only and --no-check exclude each other";
  if (checkOnly && dryRun) return "--check-only changes nothing; leave out --dry-run";
  if (checkOnly && (journal !== undefined || deadLetters !== undefined))
    return "--check-only has no journal and no dead letters";
  if (oneWay && !checkOnly)
    return "--one-way is for --check-only; the check after a copy always ignores inputs that only the second app has";
  if (download && !check) return "--download is for the check; leave out --no-check";
  if (status !== undefined && checkOnly && !oneWay) return "--status selects inputs of the first app; add --one-way";
  return undefined;
}

async function run(targets: CopyTargets, options: CopyOptions): Promise<void> {
  if (options.checkOnly) return checkApps(targets, options, !options.oneWay);
  const { batch, flow, upload } = await import("../index.js");
  const { from, to } = targets;
  const inputs = flow(await selectedInputs(from, options, everyInput)).pipe(
    batch(),
    upload(to, { createDatasets: true, resume: "server" }),
  );
  if (options.dryRun) return finish(inputs, options);
  const report = await inputs.run(runOptions(options));
  await conclude(report, options);
  if (options.check && !report.stopped) await checkApps(targets, options, false, report.exitCode);
}

/** Compares the apps, prints the result, and sets the exit code. With `isBothWays`, inputs that only the second app has count as differences. */
async function checkApps(
  { from, to }: CopyTargets,
  options: CopyOptions,
  isBothWays: boolean,
  exitCode = 0,
): Promise<void> {
  const { compare, flow } = await import("../index.js");
  const [listed, same] = [new KindCounts(), new KindCounts()];
  const { download } = options;
  const settings = { ...runOptions(options), journal: undefined, deadLetters: undefined };
  const forward = await flow(await selectedInputs(from, options, everyInput))
    .pipe(listed.counter(), compare(to, { download }), same.counter())
    .run(settings);
  let backward: Report | undefined;
  if (isBothWays && !forward.stopped) {
    backward = await flow(await selectedInputs(to, options, everyInput))
      .pipe(compare(from, { contents: false, records: false }))
      .run(settings);
  }
  const failed = [forward, ...(backward ? [backward] : [])].find((report) => report.exitCode !== 0);
  process.exitCode = exitCode || (failed?.exitCode ?? 0);
  await print(
    options.json
      ? JSON.stringify({ check: checkJson(forward, backward, listed, same) })
      : checkText(forward, backward, listed, same),
  );
}

function checkJson(forward: Report, backward: Report | undefined, listed: KindCounts, same: KindCounts): object {
  return {
    ok: forward.ok && (backward?.ok ?? true),
    inputs: { ...listed.counts },
    same: { ...same.counts },
    differences: [...forward.failures, ...(backward?.failures ?? [])],
  };
}

/** Formats the result of a check: the counts of both apps by kind, and each difference. */
function checkText(forward: Report, backward: Report | undefined, listed: KindCounts, same: KindCounts): string {
  const kinds = Object.entries(listed.counts).map(([kind, count]) => {
    const found = same.counts[kind] ?? 0;
    return `  ${kind.padEnd(6)} ${count} in the first app, ${found} the same in the second`;
  });
  const { failed, read } = forward.counts;
  const isComplete = !forward.stopped && !(backward?.stopped ?? false);
  const head = `check: ${isComplete ? "" : "stopped; "}${read} read, ${same.total} the same, ${failed} different or missing`;
  const both = backward ? [`  only in the second app: ${backward.counts.failed}`] : [];
  const details = [forward, ...(backward && backward.counts.failed > 0 ? [backward] : [])]
    .filter((report) => report.counts.failed > 0)
    .map((report) => report.summary());
  return [head, ...kinds, ...both, ...details].join("\n");
}
