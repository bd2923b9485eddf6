/** The configuration of this package. Without it, Vitest would use one from a folder above. */

import { defineConfig } from "vitest/config";

export default defineConfig({ test: { include: ["test/*.test.ts"] } });
