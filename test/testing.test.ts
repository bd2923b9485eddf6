/** The contract suites find violations of a contract, and their errors name the plugin. */

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "..");

interface Results {
  testResults: { assertionResults: { ancestorTitles: string[]; title: string; failureMessages: string[] }[] }[];
}

it("names the plugin and the violated rule for each plugin that violates its contract", async () => {
  const { VITEST: _, ...env } = process.env;
  const config = join(root, "test/helpers/broken-plugins.config.ts");
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", config, "--reporter=json"];
  const running = promisify(execFile)(process.execPath, args, { cwd: root, env, maxBuffer: 20_000_000 });
  const { stdout } = await running.catch((error: { stdout: string }) => error);
  const { testResults } = JSON.parse(stdout.slice(stdout.indexOf("{"))) as Results;
  const failed = testResults.flatMap(({ assertionResults }) =>
    assertionResults.flatMap(({ ancestorTitles, title, failureMessages }) => {
      const [text = ""] = failureMessages[0]?.replace(/^\w*Error: /, "").split("\n") ?? [];
      return failureMessages.length > 0
        ? `${ancestorTitles.join()}: ${title}: ${text.replace(/: expected .*/, "")}`
        : [];
    }),
  );
  expect(failed).toMatchSnapshot();
});
