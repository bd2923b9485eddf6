/** One app of the API: one method for each call, with typed answers. */

import type { Credential } from "../../core/accounting/clients.js";
import type { Target } from "../../core/accounting/targets.js";
import type { Annotation, Concept } from "../../core/input/input.js";

import { isObject } from "../../core/util/json-values.js";
import { annotationFromWire, annotationToWire, type ListedAnnotation } from "../wire/annotations.js";
import { wireFields } from "../wire/encoding.js";
import {
  addJobFromWire,
  conceptsFromWire,
  datasetFromWire,
  inputCountsFromWire,
  listOf,
  memberStatus,
  type WireInput,
  wireInput,
} from "../wire/inputs.js";
import { classify, statusFrom } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { answerError } from "./api-error.js";
import type { ApiTransport } from "./api-transport.js";
import type { AddJob, Dataset, InputCounts, InputPatch, ItemStatus, PageOptions, PatchAction } from "./app-types.js";
import type { Answer, CallOptions, ReplayableBody } from "./call.js";
import { pathPart } from "./path-part.js";
import { RecordingTransport } from "./recording-transport.js";

export interface AppOptions {
  userId: string;
  appId: string;
  baseUrl: string;
  /** Where the credential may go besides the API's own origin: hosts of media. */
  mediaHosts?: readonly string[] | undefined;
  /** The credential, for media. */
  pat: string;
  /** The emulator in this process: its data folder, and the id of the store in it. Its address is another one in each run. */
  emulator?: { folder: string; store: string } | undefined;
  /** Runs when the app is closed. */
  onClose?: (() => Promise<void>) | undefined;
}

/**
 * A connection to one app. Made by `connect`; sinks and `listInputs` use it, and it may be used by itself.
 *
 * Every method rejects with an `ApiError` when its request as a whole is refused or gets no answer; a request that succeeded for some of its
 * items resolves, and the status of each item tells. Requests are paced and retried.
 */
export class App {
  readonly userId: string;
  readonly appId: string;
  readonly baseUrl: string;
  readonly transport: ApiTransport;
  readonly #path: string;
  readonly #origin: string;
  readonly #options: AppOptions;

  constructor(transport: ApiTransport, options: AppOptions) {
    this.transport = transport;
    this.userId = options.userId;
    this.appId = options.appId;
    this.baseUrl = options.baseUrl;
    this.#origin = new URL(options.baseUrl).origin;
    this.#options = options;
    this.#path = `/v2/users/${pathPart(options.userId)}/apps/${pathPart(options.appId)}`;
  }

  /** Names the app for people: `me/photos at https://api.clarifai.com`, `me/main at /home/me/.sluice (emulator)`. */
  get place(): string {
    const { emulator } = this.#options;
    const server = emulator ? `${emulator.folder} (emulator)` : this.#server;
    return `${this.userId}/${this.appId} at ${server}`;
  }

  /** Describes the app as what a sink writes to. A journal knows an emulator by its store, and any other server by its address. */
  target(action: string): Target {
    const { emulator } = this.#options;
    return {
      action,
      name: this.place,
      ...(emulator ? { path: emulator.folder } : { url: this.#server }),
      identity: async () => {
        const store = emulator?.store ?? (await this.transport.storeOfServer());
        return store === undefined ? this.place : `${this.userId}/${this.appId} in the store ${store}`;
      },
    };
  }

  /** Address of the server, with its port and without credentials. */
  get #server(): string {
    const { protocol, host, pathname } = new URL(this.baseUrl);
    return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
  }

  /** Adds inputs: a body as `inputsBody` makes it. The items' statuses are in the order of the request. */
  async postInputs(body: ReplayableBody, signal?: AbortSignal): Promise<{ inputs: WireInput[]; attempts: number }> {
    const answer = await this.#call("POST", "/inputs", { body, signal });
    return { inputs: (listOf(answer.json, "inputs") ?? []).map(wireInput), attempts: answer.attempts };
  }

  /** One page of inputs, or those of `ids` (128 at most) that exist; the order is the server's. */
  async listInputs(
    options: PageOptions & { ids?: readonly string[] | undefined; statusCode?: number | undefined } = {},
  ): Promise<WireInput[]> {
    const { page, perPage, ids, statusCode, signal } = options;
    const query = { page, per_page: perPage ?? ids?.length, ids, "status.code": statusCode };
    return this.#list("/inputs", "inputs", { query, signal }, wireInput);
  }

  /** The next inputs after `lastId` in the order of their adding; stable while others write. */
  async streamInputs(options: {
    perPage?: number | undefined;
    lastId?: string | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<WireInput[]> {
    const query = { per_page: options.perPage, last_id: options.lastId };
    return this.#list("/inputs/stream", "inputs", { query, signal: options.signal }, wireInput);
  }

  async getInput(id: string): Promise<WireInput> {
    const answer = await this.#call("GET", `/inputs/${pathPart(id)}`);
    return wireInput(answer.json.input as Record<string, unknown>);
  }

  /** How many inputs the app has, by state. */
  async countInputs(): Promise<InputCounts> {
    const { json } = await this.#call("GET", "/inputs/status");
    return inputCountsFromWire(json.counts);
  }

  /** Changes metadata, concepts and places. `idempotent`: false where sending it twice would add to lists twice; it then throws when in doubt. */
  async patchInputs(
    patches: readonly InputPatch[],
    action: PatchAction,
    signal?: AbortSignal,
    idempotent = true,
  ): Promise<ItemStatus[]> {
    const inputs = patches.map(({ id, concepts, metadata, geo, data }) => ({
      id,
      data: data ?? wireFields({ concepts: concepts ?? [], metadata: metadata ?? {}, geo }),
    }));
    const ids = patches.map(({ id }) => id);
    return this.#items("PATCH", "/inputs", "inputs", ids, { json: { inputs, action }, signal, idempotent });
  }

  /** Deletes inputs; the server does so in the background. Ids that do not exist are no error. */
  async deleteInputs(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#call("DELETE", "/inputs", { json: { ids }, signal });
  }

  async getAddJob(id: string, signal?: AbortSignal): Promise<AddJob | undefined> {
    const { json } = await this.#call("GET", `/inputs/jobs/add/${pathPart(id)}`, { signal });
    return addJobFromWire(id, json.inputs_add_job);
  }

  /** Adds annotations, 128 at most; `items` pairs each with the id of its input. */
  async postAnnotations(
    items: readonly { inputId: string; annotation: Annotation }[],
    signal?: AbortSignal,
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, annotation }) => annotationToWire(inputId, annotation));
    const ids = items.map(({ annotation }) => annotation.id ?? "");
    return this.#items("POST", "/annotations", "annotations", ids, { json: { annotations }, signal });
  }

  /** One page of annotations: of some inputs, of some pairs of ids, or of the app. */
  async listAnnotations(
    options: PageOptions & { inputIds?: readonly string[] | undefined; ids?: readonly string[] | undefined } = {},
  ): Promise<ListedAnnotation[]> {
    const query = { input_ids: options.inputIds, ids: options.ids, page: options.page, per_page: options.perPage };
    return this.#list("/annotations", "annotations", { query, signal: options.signal }, annotationFromWire);
  }

  /** Patches annotations; `regionId` keeps the id of the region that an overwrite replaces. */
  async patchAnnotations(
    items: readonly { inputId: string; annotation: Annotation; regionId?: string | undefined }[],
    action: PatchAction,
    options: { deleteIfEmpty?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, annotation, regionId }) =>
      annotationToWire(inputId, annotation, regionId),
    );
    const json = { annotations, action, ...(options.deleteIfEmpty ? { delete_if_empty_data: true } : {}) };
    const ids = items.map(({ annotation }) => annotation.id ?? "");
    return this.#items("PATCH", "/annotations", "annotations", ids, { json, signal: options.signal });
  }

  /** Deletes annotations: all of the inputs, or with `ids` the pairs of the two lists. */
  async deleteAnnotations(inputIds: readonly string[], ids?: readonly string[], signal?: AbortSignal): Promise<void> {
    const json = { input_ids: inputIds, ...(ids ? { ids } : {}) };
    await this.#call("DELETE", "/inputs/annotations", { json, signal });
  }

  async listConcepts(options: PageOptions = {}): Promise<Concept[]> {
    const query = { page: options.page, per_page: options.perPage };
    const { json } = await this.#call("GET", "/concepts", { query, signal: options.signal });
    return conceptsFromWire(json.concepts);
  }

  async postConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.#call("POST", "/concepts", { json, signal });
  }

  /** Renames concepts everywhere in the app; the only action that the API has for them is overwrite. */
  async patchConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { action: "overwrite", concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.#call("PATCH", "/concepts", { json, signal });
  }

  async listDatasets(options: PageOptions = {}): Promise<Dataset[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.#list("/datasets", "datasets", { query, signal: options.signal }, datasetFromWire);
  }

  async postDatasets(datasets: readonly Dataset[]): Promise<void> {
    await this.#call("POST", "/datasets", { json: { datasets } });
  }

  async deleteDatasets(ids: readonly string[]): Promise<void> {
    await this.#call("DELETE", "/datasets", { json: { dataset_ids: ids } });
  }

  /** One page of the inputs of a dataset. */
  async listDatasetInputs(datasetId: string, options: PageOptions = {}): Promise<WireInput[]> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const query = { page: options.page, per_page: options.perPage };
    return this.#list(path, "dataset_inputs", { query, signal: options.signal }, (value) =>
      wireInput((value.input ?? {}) as Record<string, unknown>),
    );
  }

  async addToDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<ItemStatus[]> {
    const json = { dataset_inputs: inputIds.map((id) => ({ input: { id } })) };
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const answer = await this.#call("POST", path, { json, idempotent: true, signal });
    return (listOf(answer.json, "dataset_inputs") ?? []).map((item, index) => ({
      id: inputIds[index] ?? "",
      status: memberStatus(item) ?? answer.status,
    }));
  }

  async removeFromDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<void> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    await this.#call("DELETE", path, { json: { input_ids: inputIds }, signal });
  }

  /** Returns the credential for an address that it may go to: the API's own origin and its media hosts; undefined for all others. */
  authorize(url: URL): Credential | undefined {
    const isMediaHost = url.protocol === "https:" && (this.#options.mediaHosts ?? []).includes(url.host);
    if (url.origin !== this.#origin && !isMediaHost) return undefined;
    const owned = `/users/${pathPart(this.userId)}/apps/${pathPart(this.appId)}/`;
    return { authorization: `Key ${this.#options.pat}`, isOwner: url.pathname.includes(owned) };
  }

  /** Returns this app for a dry run: it counts the requests, and sends none. */
  forDryRun(): App {
    return new App(new RecordingTransport(this.transport), { ...this.#options, onClose: undefined });
  }

  /** Closes connections; an embedded store that `connect` started is stopped. */
  async close(): Promise<void> {
    await this.transport.close();
    await this.#options.onClose?.();
  }

  async #list<T>(
    path: string,
    field: string,
    options: CallOptions,
    convert: (value: Record<string, unknown>) => T,
  ): Promise<T[]> {
    const answer = await this.#call("GET", path, options);
    return (listOf(answer.json, field) ?? []).map(convert);
  }

  async #items(
    method: "POST" | "PATCH",
    path: string,
    field: string,
    ids: readonly string[],
    options: CallOptions,
  ): Promise<ItemStatus[]> {
    const answer = await this.#call(method, path, options);
    const items = listOf(answer.json, field) ?? [];
    // A success that names no items is taken at its word.
    if (items.length === 0 && classify(answer.status) === "ok") return ids.map((id) => ({ id, status: answer.status }));
    return items.map((item) => ({
      id: String(item.id ?? ""),
      status: statusFrom(item.status) ?? answer.status,
      data: isObject(item.data) ? item.data : undefined,
    }));
  }

  /** A call whose answer is a success, a mixed success, or a failure that names its items. */
  async #call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.transport.call(method, `${this.#path}${path}`, options);
    const { status } = answer;
    const itemised =
      status.code === statusCodes.MIXED_STATUS || (status.code === statusCodes.FAILURE && hasItems(answer.json));
    if (classify(status) === "ok" || itemised) return answer;
    const { httpStatus, attempts } = answer;
    throw answerError(status, { method, path, httpStatus, attempts });
  }
}

function hasItems(json: Record<string, unknown>): boolean {
  return Object.values(json).some((value) => Array.isArray(value) && value.length > 0);
}
