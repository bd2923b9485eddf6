/** The calls for inputs: add, list, count, change, delete, and the jobs that add them. */

import { addJobFromWire, inputCountsFromWire, listOf, type WireInput, wireInput } from "../../wire/decode-answers.js";
import { wireFields } from "../../wire/encode-input.js";
import type {
  AddJob,
  InputCounts,
  InputPatch,
  ItemStatus,
  PageOptions,
  PatchAction,
  StreamOrder,
} from "../app-types.js";
import type { ReplayableBody } from "../call.js";
import { pathPart } from "../path-part.js";
import { AppCalls } from "./app-calls.js";

export class InputCalls extends AppCalls {
  /** Adds inputs with a body that a wire makes. Returns them in the order of the request, each with its status. */
  async postInputs(body: ReplayableBody, signal?: AbortSignal): Promise<{ inputs: WireInput[]; attempts: number }> {
    const answer = await this.call("POST", "/inputs", { body, signal });
    return { inputs: (listOf(answer.json, "inputs") ?? []).map(wireInput), attempts: answer.attempts };
  }

  /** Lists one page of inputs, or the existing inputs of `ids` (at most 128), in the order of the server. */
  async listInputs(
    options: PageOptions & { ids?: readonly string[] | undefined; statusCode?: number | undefined } = {},
  ): Promise<WireInput[]> {
    const { page, perPage, ids, statusCode, signal } = options;
    const query = { page, per_page: perPage ?? ids?.length, ids, "status.code": statusCode };
    return this.list("/inputs", "inputs", { query, signal }, wireInput);
  }

  /** Lists the inputs behind `lastId`: in the order of adding, newest first, or in the order of their ids. The order is stable while others write. */
  async streamInputs(options: {
    perPage?: number | undefined;
    lastId?: string | undefined;
    order?: StreamOrder | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<WireInput[]> {
    const { perPage, lastId, order } = options;
    const query = {
      per_page: perPage,
      last_id: lastId,
      descending: order === "newest" ? "true" : undefined,
      order_by_id: order === "id" ? "true" : undefined,
    };
    return this.list("/inputs/stream", "inputs", { query, signal: options.signal }, wireInput);
  }

  /** Returns one input. */
  async getInput(id: string): Promise<WireInput> {
    const answer = await this.call("GET", `/inputs/${pathPart(id)}`);
    return wireInput(answer.json.input as Record<string, unknown>);
  }

  /** Counts the inputs of the app, by state. */
  async countInputs(): Promise<InputCounts> {
    const { json } = await this.call("GET", "/inputs/status");
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
    return this.items("PATCH", "/inputs", "inputs", ids, { json: { inputs, action }, signal, idempotent });
  }

  /** Asks the server to delete inputs, which it does in the background. An id that does not exist is not an error. */
  async deleteInputs(ids: readonly string[], signal?: AbortSignal): Promise<void> {
    await this.call("DELETE", "/inputs", { json: { ids }, signal });
  }

  /** Returns the state of a job that adds inputs; undefined if the answer has none. */
  async getAddJob(id: string, signal?: AbortSignal): Promise<AddJob | undefined> {
    const { json } = await this.call("GET", `/inputs/jobs/add/${pathPart(id)}`, { signal });
    return addJobFromWire(id, json.inputs_add_job);
  }
}
