import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

const loopbackOnly = new URL("./test/helpers/loopback-only.mjs", import.meta.url);
const all = ["test/**/*.test.ts"];
/** They put something else in the place of modules. */
const mocking = ["test/security/ssrf-redirects.test.ts", "test/sources/urls.test.ts"];

export default defineConfig({
  test: {
    maxWorkers: availableParallelism() + 1, // some wait for servers and timers, and a core would stand still
    // Waits end when something happens. These limits are for tests that hang, and leave room for a busy machine.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    reporters: process.env.CI ? ["default", "./scripts/count-reporter.ts"] : ["default"],
    setupFiles: [loopbackOnly.pathname],
    env: { NODE_OPTIONS: `--import=${loopbackOnly.href}` }, // for the programs that tests start
    projects: [
      {
        extends: true,
        test: {
          name: "shared", // files after each other share the modules that they load, which took a third of all time
          include: all,
          exclude: mocking,
          isolate: false,
          typecheck: { enabled: true, include: ["test/types/*.test-d.ts"], tsconfig: "./test/types/tsconfig.json" },
        },
      },
      { extends: true, test: { name: "mocking", include: mocking } },
    ],
  },
});
