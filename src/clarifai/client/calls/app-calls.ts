/** What the calls of all resources of an app share: the path of the app, lists, and items with a status each. */

import { isObject } from "../../../core/util/json/json-values.js";
import { listOf } from "../../wire/decode-answers.js";
import { classify, statusFrom } from "../../wire/status.js";
import { statusCodes } from "../../wire/status-codes.js";
import { answerError } from "../api-error.js";
import type { ApiTransport } from "../api-transport.js";
import type { ItemStatus } from "../app-types.js";
import type { Answer, CallOptions } from "../call.js";

export class AppCalls {
  readonly transport: ApiTransport;
  readonly #path: string;

  /** `path`: what the paths of all calls begin with. */
  constructor(transport: ApiTransport, path: string) {
    this.transport = transport;
    this.#path = path;
  }

  protected async list<T>(
    path: string,
    field: string,
    options: CallOptions,
    convert: (value: Record<string, unknown>) => T,
  ): Promise<T[]> {
    const answer = await this.call("GET", path, options);
    return (listOf(answer.json, field) ?? []).map(convert);
  }

  protected async items(
    method: "POST" | "PATCH",
    path: string,
    field: string,
    ids: readonly string[],
    options: CallOptions,
  ): Promise<ItemStatus[]> {
    const answer = await this.call(method, path, options);
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
  protected async call(
    method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
    path: string,
    options: CallOptions = {},
  ): Promise<Answer> {
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
