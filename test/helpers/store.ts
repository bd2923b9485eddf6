/** Starts an emulator and connects to it, for one test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/index.js";
import { type App, type ConnectOptions, connect } from "../../src/index.js";

/** Makes a folder that is removed after the test. */
export function temporaryFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "sluice-test-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/**
 * Starts an emulator and connects to it. Closes both after the test. The emulator refuses every field and parameter that the definition of the API does
 * not have.
 */
export async function openStore(
  options: EmulatorOptions = {},
  client: ConnectOptions = {},
): Promise<{ store: Emulator; app: App }> {
  const store = await startEmulator(options);
  const app = await connect({ baseUrl: store.url, pat: "any", ...client });
  onTestFinished(async () => {
    await app.close();
    await store.close();
  });
  return { store, app };
}
