import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** For the processes of vitest and the programs that tests start. */
const preloaded = ["loopback-only", "no-listener-warnings"].map((name) =>
  String(new URL(`./test/helpers/${name}.mjs`, import.meta.url)),
);
/** They put something else in the place of modules. */
const mocking = [
  "test/security/ssrf-redirects.test.ts",
  "test/sources/urls.test.ts",
  "test/transforms/fit-image-heic.test.ts",
];

/**
 * Folders and files that `npm run test:unit` leaves out. What remains are the tests of the layers, in the folders that mirror `src`: they need no
 * build, no browser and no NATS server, and start no long programs.
 */
const notUnit = [
  "test/*.test.ts", // the package as it is built, its pages and its examples
  "test/helpers/**",
  "test/cases/**", // whole runs with inputs of real-world reports
  "test/flow/**", // whole runs with faults, kills and signals
  "test/security/**", // attacks
  "test/cli/**", // programs
  "test/jetstream/**", // many machines
  "test/emulator/gallery/**", // pages in a browser
];

export default defineConfig(({ mode }) => {
  const isUnit = mode === "unit";
  const excluded = isUnit ? notUnit : [];
  return {
    test: {
      maxWorkers: availableParallelism() + 2, // some wait for servers and timers, and a core would stand still
      // Waits end when something happens. These limits are for tests that hang, and leave room for a busy machine.
      testTimeout: 60_000,
      hookTimeout: 60_000,
      expect: { poll: { timeout: 20_000 } },
      reporters: process.env.CI ? ["default", "./scripts/count-reporter.ts"] : ["default"],
      globalSetup: "./test/helpers/run-folders.ts",
      setupFiles: preloaded.map((url) => fileURLToPath(url)),
      env: { NODE_OPTIONS: preloaded.map((url) => `--import=${url}`).join(" ") },
      projects: [
        {
          extends: true,
          mode, // a project does not inherit it
          test: {
            name: "shared", // files after each other share the modules that they load, which took a third of all time
            include: ["test/**/*.test.ts"],
            exclude: [...mocking, ...excluded],
            isolate: false,
            typecheck: {
              enabled: !isUnit, // it reads the types of the build
              include: ["test/types/*.test-d.ts"],
              tsconfig: "./test/types/tsconfig.json",
            },
          },
        },
        { extends: true, mode, test: { name: "mocking", include: mocking, exclude: excluded } },
      ],
    },
  };
});
