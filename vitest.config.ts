import { defineConfig } from "vitest/config";

const loopbackOnly = new URL("./test/helpers/loopback-only.mjs", import.meta.url);

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    setupFiles: [loopbackOnly.pathname],
    env: { NODE_OPTIONS: `--import=${loopbackOnly.href}` }, // for the programs that tests start
    reporters: process.env.CI ? ["default", "./scripts/count-reporter.ts"] : ["default"],
    typecheck: { enabled: true, include: ["test/types/*.test-d.ts"], tsconfig: "./tsconfig.json" },
  },
});
