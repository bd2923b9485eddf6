/** For the run of `broken-plugins.ts` by itself. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/helpers/broken-plugins.ts"], isolate: false, pool: "threads" } });
