/** One app of the API: one method per call, with typed answers. */

import type { Credential } from "../../core/accounting/clients.js";
import type { Target } from "../../core/accounting/targets.js";
import type { Annotation, Concept } from "../../core/input/input.js";
import { isObject } from "../../core/util/json-values.js";
import { annotationFromWire, annotationToWire, type ListedAnnotation } from "../wire/annotations.js";
import {
  addJobFromWire,
  conceptsFromWire,
  datasetFromWire,
  inputCountsFromWire,
  listOf,
  memberStatus,
  type WireInput,
  wireInput,
} from "../wire/decode-answers.js";
import { wireFields } from "../wire/encode-input.js";
import { classify, statusFrom } from "../wire/status.js";
import { statusCodes } from "../wire/status-codes.js";
import { answerError } from "./api-error.js";
import type { ApiTransport } from "./api-transport.js";
import type { AddJob, Dataset, InputCounts, InputPatch, ItemStatus, PageOptions, PatchAction } from "./app-types.js";
import type { Answer, CallOptions, ReplayableBody } from "./call.js";
import { pathPart } from "./path-part.js";
import { RecordingTransport } from "./recording-transport.js";
import { WireChoice } from "./wire-choice.js";

export interface AppOptions {
  userId: string;
  appId: string;
  baseUrl: string;
  /** Hosts of media that get the credential, besides the API's own origin. */
  mediaHosts?: readonly string[] | undefined;
  /** The personal access token, which media hosts get too. */
  pat: string;
  /** The emulator in this process: its data folder, and the id of its store. Its URL changes with each run. */
  emulator?: { folder: string; store: string } | undefined;
  /** Chooses the wire of uploads. Default: REST. */
  wire?: WireChoice | undefined;
  /** Runs when the app is closed. */
  onClose?: (() => Promise<void>) | undefined;
}

/**
 * A connection to one app, which `connect` makes. Sinks and `listInputs` use it, and programs may call its methods.
 *
 * A method rejects with an `ApiError` if the server refuses the whole request or does not answer. If some items of a request succeed, the method
 * resolves, and each item has its own status. Requests are paced by the account's rate, and retried. An abort of `signal` rejects with its reason.
 *
 * @example const [first] = await app.listInputs({ perPage: 1 });
 */
export class App {
  readonly userId: string;
  readonly appId: string;
  readonly baseUrl: string;
  readonly transport: ApiTransport;
  /** The wire of uploads. */
  readonly wire: WireChoice;
  readonly #path: string;
  readonly #origin: string;
  readonly #options: AppOptions;

  constructor(transport: ApiTransport, options: AppOptions) {
    this.transport = transport;
    this.wire = options.wire ?? new WireChoice();
    this.userId = options.userId;
    this.appId = options.appId;
    this.baseUrl = options.baseUrl;
    this.#origin = new URL(options.baseUrl).origin;
    this.#options = options;
    this.#path = `/v2/users/${pathPart(options.userId)}/apps/${pathPart(options.appId)}`;
  }

  /** Returns the address of the app for people: `me/photos at https://api.clarifai.com`, `me/main at /home/me/.sluice (emulator)`. */
  get address(): string {
    const { emulator } = this.#options;
    const server = emulator ? `${emulator.folder} (emulator)` : this.#server;
    return `${this.userId}/${this.appId} at ${server}`;
  }

  /** Describes the app as what a sink writes to. A journal knows an emulator by its store, and any other server by its address. */
  target(action: string): Target {
    const { emulator } = this.#options;
    return {
      action,
      name: this.address,
      ...(emulator ? { path: emulator.folder } : { url: this.#server }),
      identity: async () => {
        const store = emulator?.store ?? (await this.transport.storeOfServer());
        return store === undefined ? this.address : `${this.userId}/${this.appId} in the store ${store}`;
      },
    };
  }

  /** Returns the URL of the server, with its port and without credentials. */
  get #server(): string {
    const { protocol, host, pathname } = new URL(this.baseUrl);
    return `${protocol}//${host}${pathname.replace(/\/+$/, "")}`;
  }

  /** Adds inputs with a body that a wire makes. Returns them in the order of the request, each with its status. */
  async postInputs(body: ReplayableBody, signal?: AbortSignal): Promise<{ inputs: WireInput[]; attempts: number }> {
    const answer = await this.#call("POST", "/inputs", { body, signal });
    return { inputs: (listOf(answer.json, "inputs") ?? []).map(wireInput), attempts: answer.attempts };
  }

  /** Lists one page of inputs, or the existing inputs of `ids` (at most 128), in the order of the server. */
  async listInputs(
    options: PageOptions & { ids?: readonly string[] | undefined; statusCode?: number | undefined } = {},
  ): Promise<WireInput[]> {
    const { page, perPage, ids, statusCode, signal } = options;
    const query = { page, per_page: perPage ?? ids?.length, ids, "status.code": statusCode };
    return this.#list("/inputs", "inputs", { query, signal }, wireInput);
  }

  /** Lists the inputs that were added after `lastId`, in the order of adding. The order is stable while others write. */
  async streamInputs(options: {
    perPage?: number | undefined;
    lastId?: string | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<WireInput[]> {
    const query = { per_page: options.perPage, last_id: options.lastId };
    return this.#list("/inputs/stream", "inputs", { query, signal: options.signal }, wireInput);
  }

  /** Returns one input. */
  async getInput(id: string): Promise<WireInput> {
    const answer = await this.#call("GET", `/inputs/${pathPart(id)}`);
    return wireInput(answer.json.input as Record<string, unknown>);
  }

  /** Counts the inputs of the app, by state. */
  async countInputs(): Promise<InputCounts> {
    const { json } = await this.#call("GET", "/inputs/status");
    return inputCountsFromWire(json.counts);
  }

  /**
   * Changes metadata, concepts and locations. `idempotent`: false if a second request would append to lists again; such a request is not retried after a
   * lost answer, but rejects.
   */
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

  /** Asks the server to delete inputs, which it does in the background. An id that does not exist is not an error. */
  async deleteInputs(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.#call("DELETE", "/inputs", { json: { ids }, signal });
  }

  /** Returns the state of a job that adds inputs; undefined if the answer has none. */
  async getAddJob(id: string, signal?: AbortSignal): Promise<AddJob | undefined> {
    const { json } = await this.#call("GET", `/inputs/jobs/add/${pathPart(id)}`, { signal });
    return addJobFromWire(id, json.inputs_add_job);
  }

  /** Adds annotations, at most 128, each with the id of its input. Returns the status of each. */
  async postAnnotations(
    items: readonly { inputId: string; annotation: Annotation }[],
    signal?: AbortSignal,
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, annotation }) => annotationToWire(inputId, annotation));
    const ids = items.map(({ annotation }) => annotation.id ?? "");
    return this.#items("POST", "/annotations", "annotations", ids, { json: { annotations }, signal });
  }

  /** Lists one page of annotations: of some inputs, of some pairs of input id and annotation id, or of the app. */
  async listAnnotations(
    options: PageOptions & { inputIds?: readonly string[] | undefined; ids?: readonly string[] | undefined } = {},
  ): Promise<ListedAnnotation[]> {
    const query = { input_ids: options.inputIds, ids: options.ids, page: options.page, per_page: options.perPage };
    return this.#list("/annotations", "annotations", { query, signal: options.signal }, annotationFromWire);
  }

  /** Changes annotations. `regionId` keeps the id of the region that an overwrite replaces. Returns the status of each. */
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

  /** Deletes all annotations of the inputs; with `ids`, the annotation `ids[i]` of each input `inputIds[i]`. */
  async deleteAnnotations(inputIds: readonly string[], ids?: readonly string[], signal?: AbortSignal): Promise<void> {
    const json = { input_ids: inputIds, ...(ids ? { ids } : {}) };
    await this.#call("DELETE", "/inputs/annotations", { json, signal });
  }

  /** Lists one page of the concepts of the app. */
  async listConcepts(options: PageOptions = {}): Promise<Concept[]> {
    const query = { page: options.page, per_page: options.perPage };
    const { json } = await this.#call("GET", "/concepts", { query, signal: options.signal });
    return conceptsFromWire(json.concepts);
  }

  /** Adds concepts to the app. */
  async postConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.#call("POST", "/concepts", { json, signal });
  }

  /** Renames concepts in the whole app. Overwrite is the API's only action for concepts. */
  async patchConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { action: "overwrite", concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.#call("PATCH", "/concepts", { json, signal });
  }

  /** Lists one page of the datasets of the app. */
  async listDatasets(options: PageOptions = {}): Promise<Dataset[]> {
    const query = { page: options.page, per_page: options.perPage };
    return this.#list("/datasets", "datasets", { query, signal: options.signal }, datasetFromWire);
  }

  /** Adds datasets to the app. */
  async postDatasets(datasets: readonly Dataset[]): Promise<void> {
    await this.#call("POST", "/datasets", { json: { datasets } });
  }

  /** Deletes datasets. Their inputs stay in the app. */
  async deleteDatasets(ids: readonly string[]): Promise<void> {
    await this.#call("DELETE", "/datasets", { json: { dataset_ids: ids } });
  }

  /** Lists one page of the inputs of a dataset. */
  async listDatasetInputs(datasetId: string, options: PageOptions = {}): Promise<WireInput[]> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const query = { page: options.page, per_page: options.perPage };
    return this.#list(path, "dataset_inputs", { query, signal: options.signal }, (value) =>
      wireInput((value.input ?? {}) as Record<string, unknown>),
    );
  }

  /** Adds inputs to a dataset. Returns the status of each. */
  async addToDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<ItemStatus[]> {
    const json = { dataset_inputs: inputIds.map((id) => ({ input: { id } })) };
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    const answer = await this.#call("POST", path, { json, idempotent: true, signal });
    return (listOf(answer.json, "dataset_inputs") ?? []).map((item, index) => ({
      id: inputIds[index] ?? "",
      status: memberStatus(item) ?? answer.status,
    }));
  }

  /** Removes inputs from a dataset. They stay in the app. */
  async removeFromDataset(datasetId: string, inputIds: readonly string[], signal?: AbortSignal): Promise<void> {
    const path = `/datasets/${pathPart(datasetId)}/inputs`;
    await this.#call("DELETE", path, { json: { input_ids: inputIds }, signal });
  }

  /** Returns the credential for a URL of the API's own origin or of its media hosts; undefined for all others. */
  authorize(url: URL): Credential | undefined {
    const isMediaHost = url.protocol === "https:" && (this.#options.mediaHosts ?? []).includes(url.host);
    if (url.origin !== this.#origin && !isMediaHost) return undefined;
    const owned = `/users/${pathPart(this.userId)}/apps/${pathPart(this.appId)}/`;
    return { authorization: `Key ${this.#options.pat}`, isOwner: url.pathname.includes(owned) };
  }

  /** Returns the app for a dry run: it counts the requests and sends none. */
  forDryRun(): App {
    return new App(new RecordingTransport(this.transport), { ...this.#options, wire: this.wire, onClose: undefined });
  }

  /** Closes the connections, and stops the emulator if `connect` started it. */
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
    // A success without a list of items holds for all items.
    if (items.length === 0 && classify(answer.status) === "ok") return ids.map((id) => ({ id, status: answer.status }));
    return items.map((item) => ({
      id: String(item.id ?? ""),
      status: statusFrom(item.status) ?? answer.status,
      data: isObject(item.data) ? item.data : undefined,
    }));
  }

  /** Sends a call and returns its answer: a success, a mixed success, or a failure with a status per item. @throws {ApiError} otherwise */
  async #call(method: "GET" | "POST" | "PATCH" | "DELETE", path: string, options: CallOptions = {}): Promise<Answer> {
    const answer = await this.transport.call(method, `${this.#path}${path}`, options);
    const { status } = answer;
    const hasItemStatuses =
      status.code === statusCodes.MIXED_STATUS || (status.code === statusCodes.FAILURE && hasItems(answer.json));
    if (classify(status) === "ok" || hasItemStatuses) return answer;
    const { httpStatus, attempts } = answer;
    throw answerError(status, { method, path, httpStatus, attempts });
  }
}

function hasItems(json: Record<string, unknown>): boolean {
  return Object.values(json).some((value) => Array.isArray(value) && value.length > 0);
}
