/** Starts an emulator with a gRPC server, and calls it with the unmodified client of the platform's vendor. */

import * as grpc from "@grpc/grpc-js";
import { ClarifaiStub } from "clarifai-nodejs-grpc";
import { onTestFinished, vi } from "vitest";
import { type EmulatorOptions, startEmulator } from "../../src/emulator/index.js";
import type { Envelope } from "./http.js";
import { temporaryFolder } from "./store.js";

/** The client of the vendor's package, made for the address of the emulator instead of the platform's. */
type Client = grpc.Client & Record<string, unknown>;
const V2 = ClarifaiStub.insecureGrpc().constructor as new (
  address: string,
  credentials: grpc.ChannelCredentials,
  options: object,
) => Client;

/** The app that the requests name. */
export const app = { user_id: "me", app_id: "main" };

export type Caller = (
  method: string,
  request?: object,
  headers?: Record<string, string>,
  options?: grpc.CallOptions,
) => Promise<Envelope>;

export async function openGrpc(options: EmulatorOptions = {}) {
  const emulator = await startEmulator({ data: temporaryFolder(), grpcPort: 0, ...options });
  const client = clientOf(emulator.grpcUrl ?? "");
  onTestFinished(async () => {
    client.close();
    await emulator.close();
  });
  const call = callerOf(client);
  /** Posts inputs, waits until they are processed, and returns them. */
  const add = async (...inputs: { id: string; [field: string]: unknown }[]) => {
    await call("PostInputs", { user_app_id: app, inputs });
    const ids = inputs.map(({ id }) => id);
    return vi.waitFor(async () => {
      const { inputs: listed } = await call("ListInputs", { user_app_id: app, ids, per_page: ids.length });
      if (listed.some(({ status }) => status.code < 30_000 || [30_001, 30_003].includes(status.code)))
        throw new Error("pending");
      return ids.map((id) => listed.find((input) => input.id === id));
    });
  };
  return { emulator, client, call, add };
}

export function clientOf(url: string): Client {
  const maxBytes = 1024 * 1024 * 1024;
  const options = { "grpc.max_receive_message_length": maxBytes, "grpc.max_send_message_length": maxBytes };
  return new V2(new URL(url).host, grpc.credentials.createInsecure(), options);
}

/** Returns a function that makes one call, and rejects with the status of gRPC if it is not OK. */
export function callerOf(client: Client): Caller {
  return (method, request = { user_app_id: app }, headers = { authorization: "Key any" }, options = {}) =>
    new Promise((resolve, reject) => {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
      const done = (error: grpc.ServiceError | null, answer: Envelope) => (error ? reject(error) : resolve(answer));
      (client[method] as (...parameters: unknown[]) => void)(request, metadata, options, done);
    });
}
