/** Prints the results of the faults, the kills and the attacks: their numbers, and the inputs that were lost, duplicated, corrupted or wrongly deleted. */

import { basename } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/** The result of a run of the matrix, in the `meta` of its test. */
interface FaultRun extends Record<(typeof findings)[number], string[]> {
  faults: Record<string, number>;
  inputs: number;
}

const findings = ["lost", "duplicated", "corrupted", "deleted", "wrong", "unknown"] as const;

export default class FaultsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const metas = tests.map((test) => test.meta() as { faultRun?: FaultRun; kills?: Kills; pacing?: string });
    printRuns(metas.flatMap(({ faultRun }) => faultRun ?? []));
    for (const { kills } of metas) {
      if (kills) console.log(`killed ${kills.killed} times in ${kills.loops} loops: ${kills.verb}`);
    }
    for (const { pacing } of metas) if (pacing !== undefined) console.log(pacing);
    const attacks = tests.filter((test) => test.fullName.startsWith("blocked: "));
    const blocked = attacks.filter((test) => test.result().state === "passed").length;
    if (attacks.length > 0) console.log(`attacks blocked: ${blocked} of ${attacks.length}`);
    const failed = tests.filter((test) => test.result().state === "failed");
    for (const test of failed) {
      console.log(`failed: ${basename(test.module.moduleId)}: ${test.fullName}`);
      for (const { message } of test.result().errors ?? []) console.log(`  ${message.split("\n")[0]}`);
    }
    console.log(`${tests.length - failed.length} of ${tests.length} tests passed`);
  }
}

interface Kills {
  verb: string;
  killed: number;
  loops: number;
}

function printRuns(runs: readonly FaultRun[]): void {
  if (runs.length === 0) return;
  const faults = new Map<string, number>();
  for (const run of runs) {
    for (const [type, count] of Object.entries(run.faults)) faults.set(type, (faults.get(type) ?? 0) + count);
  }
  const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
  console.log(`runs ${runs.length}, inputs ${sum(runs.map(({ inputs }) => inputs))}, faults ${sum(faults.values())}`);
  console.log(`  ${[...faults].map(([type, count]) => `${type} ${count}`).join(", ")}`);
  console.log(`  ${findings.map((name) => `${name} ${sum(runs.map((run) => run[name].length))}`).join(", ")}`);
}
