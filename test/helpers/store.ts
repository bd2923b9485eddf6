/** Starts an emulator and connects to it, for one test. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/index.js";
import { type App, type ConnectOptions, connect } from "../../src/index.js";
import { serveGrpc } from "./grpc-front.js";

/** The wires of an upload, for tests that hold on both. */
export const wires = ["rest", "grpc"] as const;
export type Wire = (typeof wires)[number];

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
  wire: Wire = "rest",
): Promise<{ store: Emulator; app: App }> {
  const store = await startEmulator({ ...options, ...(wire === "grpc" ? { grpcPort: 0 } : {}) });
  onTestFinished(() => store.close());
  const { grpcUrl } = store;
  const app = await connect({
    baseUrl: store.url,
    pat: "any",
    ...(wire === "grpc" ? { wire, grpcUrl } : {}),
    ...client,
  });
  onTestFinished(() => app.close());
  return { store, app };
}

/** Returns the options of `connect` for a wire, and starts a gRPC server before the REST server of `baseUrl` if it needs one. */
export async function wireOptions(wire: Wire, baseUrl: string): Promise<ConnectOptions> {
  if (wire === "rest") return { wire };
  const front = await serveGrpc({ target: baseUrl });
  onTestFinished(() => front.close());
  return { wire, grpcUrl: front.url };
}
