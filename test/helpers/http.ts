/** Starts an emulator for one test, and sends plain HTTP requests to it. */

import { onTestFinished, vi } from "vitest";
import { type Emulator, type EmulatorOptions, startEmulator } from "../../src/emulator/index.js";
import { temporaryFolder } from "./store.js";

export interface StatusJson {
  code: number;
  description: string;
  details?: string;
  req_id?: string;
}

export interface ConceptJson {
  id: string;
  name: string;
  value: number;
}

export interface MediaJson {
  url?: string;
  raw?: string;
  image_info?: Record<string, unknown>;
  hosted?: { prefix: string; suffix: string; sizes: string[]; crossorigin: string };
}

export interface RegionJson {
  id?: string;
  region_info?: Record<string, unknown>;
  data?: { concepts: ConceptJson[] };
}

export interface DataJson {
  image?: MediaJson;
  video?: MediaJson;
  audio?: MediaJson;
  text?: MediaJson;
  concepts?: ConceptJson[];
  metadata?: Record<string, unknown>;
  geo?: { geo_point: { longitude: number; latitude: number } };
  regions?: RegionJson[];
  frames?: { data: DataJson }[];
}

export interface InputJson {
  id: string;
  data: DataJson;
  status: StatusJson;
}

export interface AnnotationJson extends InputJson {
  input_id: string;
  input_level?: boolean;
  annotation_info?: Record<string, unknown>;
}

export interface JobJson {
  id: string;
  progress: Record<string, number>;
  status: StatusJson;
}

export interface OperationJson {
  id: string;
  status: StatusJson;
  progress: { processed: number };
}

/** The fields of answers. Each answer has a status and some of the others. */
export interface Envelope {
  status: StatusJson;
  inputs: InputJson[];
  input: InputJson;
  annotations: AnnotationJson[];
  annotation: AnnotationJson;
  concepts: ConceptJson[];
  concept: ConceptJson;
  datasets: Record<string, unknown>[];
  dataset: Record<string, unknown>;
  dataset_inputs: { input: InputJson }[];
  inputs_add_job: JobJson;
  inputs_add_jobs: JobJson[];
  counts: Record<string, number>;
  hits: { score: number; input: InputJson; annotation: AnnotationJson }[];
  hit_counts: { estimated_total?: number }[];
  bulk_operation: OperationJson[];
}

export interface Answer {
  http: number;
  json: Envelope;
}

export interface Http {
  emulator: Emulator;
  /** The data folder. */
  folder: string;
  /** Sends JSON. A path without `/v2` belongs to the app `main` of the user `me`. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Adds inputs, and waits until every accepted one is processed or has failed. */
  add(...inputs: Record<string, unknown>[]): Promise<InputJson[]>;
  /** Waits until an input is processed or has failed, and returns it. */
  processed(id: string): Promise<InputJson>;
}

/** Starts an emulator in a temporary folder, and closes it after the test. */
export async function openHttp(options: EmulatorOptions = {}): Promise<Http> {
  const folder = options.data ?? temporaryFolder();
  const emulator = await startEmulator({ port: 0, ...options, data: folder });
  onTestFinished(() => emulator.close());

  const call: Http["call"] = async (method, path, body, headers = { authorization: "Key any" }) => {
    const url = `${emulator.url}${path.startsWith("/v2") ? path : `/v2/users/me/apps/main${path}`}`;
    const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
    const response = await fetch(url, { method, headers, ...(text === undefined ? {} : { body: text }) });
    return { http: response.status, json: (await response.json()) as Envelope };
  };
  const processed: Http["processed"] = (id) =>
    vi.waitFor(
      async () => {
        const [input] = (await call("GET", `/inputs?ids=${encodeURIComponent(id)}`)).json.inputs;
        if (!input) throw new Error(`${id} does not exist`);
        if (input.status.code === 30001 || input.status.code === 30003) throw new Error(`${id} is pending`);
        return input;
      },
      { interval: 3, timeout: 20_000 },
    );
  const add: Http["add"] = async (...inputs) => {
    const { inputs: posted } = (await call("POST", "/inputs", { inputs })).json;
    return Promise.all(posted.map((input) => (input.status.code === 30001 ? processed(input.id) : input)));
  };
  return { emulator, folder, call, add, processed };
}

/** Makes a small text input. */
export function note(id: string, data: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, data: { text: { raw: `note ${id}` }, ...data } };
}

/** Makes an input with the bytes of an image. */
export function picture(id: string, bytes: Uint8Array): Record<string, unknown> {
  return { id, data: { image: { base64: Buffer.from(bytes).toString("base64") } } };
}
