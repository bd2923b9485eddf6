/** The configuration of vitest for `broken-plugins.ts`. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/helpers/broken-plugins.ts"], isolate: false, pool: "threads" } });
