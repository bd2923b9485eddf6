/** Vitest looks for a configuration in the folders above too; this is the one of the package. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/*.test.ts"] } });
