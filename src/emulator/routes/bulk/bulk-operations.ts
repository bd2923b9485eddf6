/** Routes of bulk operations. */

import { randomInt } from "node:crypto";
import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { isRanking } from "../../search/ranks.js";
import { searchInputs } from "../../search/search.js";
import type { AppRow, InputRow } from "../../store/model.js";
import { textsIn } from "../../wire/lenient-json.js";
import { invalidRequest, Refusal } from "../../wire/refusals.js";
import { type Call, objectsOf, pageOf, type Reply } from "../context.js";
import { datasetOf } from "../datasets.js";
import { isOperation } from "./apply-operation.js";
import { type OperationRow, operationOf, outgoingOperation } from "./operation-rows.js";
import { checkSplits } from "./splits.js";

/** POST …/bulk_operations: carries small operations out before it answers, and larger ones in the background. */
export function postBulkOperations(call: Call): Reply {
  const { services, app, body } = call;
  const { store, bulkWork } = services;
  const values = objectsOf(body.bulk_operations, "bulk_operations");
  for (const value of values) checkOperation(value);
  const ids = values.map((value) => {
    const operation = value.operation as JsonObject; // it was checked
    const rows = sourceOf(call, value);
    const isSplit = operation.split_into_datasets !== undefined;
    return bulkWork.add(
      app,
      operation,
      (isSplit ? shuffled(rows) : rows).map(({ seq }) => seq),
    );
  });
  try {
    for (const id of ids) bulkWork.runSmall(app, id);
  } catch (error) {
    const sql = "DELETE FROM bulk_operations WHERE app = ? AND id = ? AND status = ?";
    for (const id of ids) store.run(sql, app.seq, id, statusCodes.BULK_OPERATION_PENDING); // the request is refused
    throw error;
  }
  bulkWork.wake();
  return { json: { bulk_operation: ids.map((id) => outgoingOperation(app, operationOf(store, app.seq, id))) } };
}

/** Returns the rows in a random order. */
function shuffled(rows: readonly InputRow[]): InputRow[] {
  const list = [...rows];
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = randomInt(at + 1);
    [list[at], list[other]] = [list[other] as InputRow, list[at] as InputRow];
  }
  return list;
}

/** Checks an operation before any operation of the request is carried out. @throws {Refusal} 25404 */
function checkOperation(value: JsonObject): void {
  const names = isObject(value.operation) ? Object.keys(value.operation) : [];
  const known = names.filter(isOperation);
  if (known.length === 0)
    throw new Refusal(
      statusCodes.BULK_OPERATION_INVALID_REQUEST,
      `the operation ${names.join(", ") || "(none)"} is not known`,
    );
  if (known.length > 1)
    throw new Refusal(
      statusCodes.BULK_OPERATION_INVALID_REQUEST,
      `one operation at a time, not ${known.join(" and ")}`,
    );
  checkSplits((value.operation as JsonObject).split_into_datasets);
  const sources = ["input_ids", "search", "dataset"].filter((name) => isObject(value[name]));
  if (sources.length === 1) return;
  throw new Refusal(
    statusCodes.BULK_OPERATION_INVALID_REQUEST,
    "a bulk operation needs one of input_ids, search and dataset",
  );
}

/** GET …/bulk_operations */
export function listBulkOperations({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM bulk_operations WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  return operationsReply(app, services.store.all<OperationRow>(sql, app.seq, size, offset));
}

/** GET …/bulk_operations/{id} */
export function getBulkOperation({ services, app, parts }: Call): Reply {
  return { json: { bulk_operation: outgoingOperation(app, operationOf(services.store, app.seq, parts[0] ?? "")) } };
}

/** PATCH …/bulk_operations: cancels operations. Inputs that they have changed stay so. */
export function cancelBulkOperations(call: Call): Reply {
  const { services, app } = call;
  const rows = idsOf(call).map((id) => operationOf(services.store, app.seq, id));
  for (const row of rows) services.bulkWork.cancel(row);
  return operationsReply(
    app,
    rows.map(({ id }) => operationOf(services.store, app.seq, id)),
  );
}

/** DELETE …/bulk_operations: also ends those that are not finished. */
export function deleteBulkOperations(call: Call): Reply {
  const { services, app } = call;
  for (const id of idsOf(call)) services.store.run("DELETE FROM bulk_operations WHERE app = ? AND id = ?", app.seq, id);
  return {};
}

/** The API leaves an empty list out. */
function operationsReply(app: AppRow, rows: readonly OperationRow[]): Reply {
  return { json: rows.length > 0 ? { bulk_operation: rows.map((row) => outgoingOperation(app, row)) } : {} };
}

function idsOf({ body }: Call): string[] {
  const ids = textsIn(body.ids);
  if (ids.length === 0) throw invalidRequest("ids is empty");
  return ids;
}

/** Returns the inputs of an operation: by ids, by a search, or of a dataset. */
function sourceOf(call: Call, value: JsonObject): InputRow[] {
  const { services, app } = call;
  if (isObject(value.input_ids)) {
    return textsIn(value.input_ids.input_ids)
      .map((id) => services.store.input(app.seq, id))
      .filter((row) => row !== undefined);
  }
  if (isObject(value.search)) {
    const { query } = value.search;
    if (!isObject(query))
      throw new Refusal(statusCodes.BULK_OPERATION_INVALID_REQUEST, "the search of a bulk operation has no query");
    if (isRanking(query))
      throw new Refusal(
        statusCodes.BULK_OPERATION_INVALID_REQUEST,
        "ranks find every input; a bulk operation needs filters",
      );
    return searchInputs(services.store, app, value.search);
  }
  const { id } = datasetOf(call, String((value.dataset as JsonObject).id ?? ""));
  return searchInputs(services.store, app, { query: { filters: [{ input: { dataset_ids: [id] } }] } });
}
