/** Prints the corpora of attacks: for each file of test/security, how many of its cases were blocked. */

import { basename } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

export default class CorpusReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    let all = 0;
    let blocked = 0;
    for (const testModule of modules) {
      const attacks = [...testModule.children.allTests()].filter((test) => test.fullName.startsWith("blocked: "));
      if (attacks.length === 0) continue;
      const passed = attacks.filter((test) => test.result().state === "passed").length;
      all += attacks.length;
      blocked += passed;
      console.log(`${basename(testModule.moduleId, ".test.ts").padEnd(20)} blocked ${passed} of ${attacks.length}`);
    }
    console.log(`${"all".padEnd(20)} blocked ${blocked} of ${all}`);
  }
}
