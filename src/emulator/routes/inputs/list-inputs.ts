/** Routes that read inputs: list, stream, count, get. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isObject } from "../../../core/util/json/json-values.js";
import type { InputRow } from "../../store/model.js";
import { textsIn } from "../../wire/lenient-json.js";
import { outgoingInput } from "../../wire/outgoing.js";
import { doesNotExist } from "../../wire/refusals.js";
import { type Call, outgoing, pageOf, type Reply } from "../context.js";
import { inputOf } from "./input-rows.js";

const defaultStreamSize = 20;

/** GET …/inputs: newest first. */
export function listInputs(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const ids = textsIn(parameters.ids);
  const where = ["app = ?"];
  const values: (string | number)[] = [app.seq];
  if (ids.length > 0) {
    where.push(`id IN (${ids.map(() => "?").join(", ")})`);
    values.push(...ids);
  }
  const code = isObject(parameters.status) ? parameters.status.code : undefined;
  if (typeof code === "number") {
    where.push("status = ?");
    values.push(code);
  }
  const sql = `SELECT * FROM inputs WHERE ${where.join(" AND ")} ORDER BY seq DESC LIMIT ? OFFSET ?`;
  return inputsReply(call, services.store.all<InputRow>(sql, ...values, size, offset));
}

/** GET …/inputs/stream: the inputs after `last_id`, in the order in which they were added or of their ids. */
export function streamInputs(call: Call): Reply {
  const { services, app, parameters } = call;
  const { size } = pageOf(parameters, defaultStreamSize);
  const { descending = false, order_by_id: byId = false } = parameters;
  const order = descending ? "DESC" : "ASC";
  const beyond = descending ? "<" : ">";
  const column = byId ? "id" : "seq";
  const after = streamPosition(call, byId === true);
  const where = after === undefined ? "" : `AND ${column} ${beyond} ?`;
  const sql = `SELECT * FROM inputs WHERE app = ? ${where} ORDER BY ${column} ${order} LIMIT ?`;
  const values = after === undefined ? [] : [after];
  return inputsReply(call, services.store.all<InputRow>(sql, app.seq, ...values, size));
}

/** Returns the id or the number after which the stream continues. */
function streamPosition({ services, app, parameters }: Call, byId: boolean): string | number | undefined {
  const { last_id: lastId } = parameters;
  if (typeof lastId !== "string") return undefined;
  const position = byId ? lastId : services.store.seqOf(app.seq, lastId);
  if (position !== undefined) return position;
  throw doesNotExist(`last_id "${lastId}" does not exist`);
}

/** GET …/inputs/status: counts by status. */
export function countInputs({ services, app }: Call): Reply {
  const sql = "SELECT status, count(*) AS count FROM inputs WHERE app = ? GROUP BY status";
  const rows = services.store.all<{ status: number; count: number }>(sql, app.seq);
  const countOf = (code: number) => rows.find((row) => row.status === code)?.count ?? 0;
  const total = rows.reduce((sum, row) => sum + row.count, 0);
  const processed = countOf(statusCodes.INPUT_SUCCESS);
  const pending = countOf(statusCodes.INPUT_PENDING);
  const processing = countOf(statusCodes.INPUT_IN_PROGRESS);
  const counts = {
    processed,
    to_process: pending,
    errors: total - processed - pending - processing,
    processing,
    reindexed: 0,
    to_reindex: 0,
    reindex_errors: 0,
    reindexing: 0,
  };
  return { json: { counts } };
}

/** GET …/inputs/{id} */
export function getInput(call: Call): Reply {
  return { json: { input: outgoingInput(inputOf(call, call.parts[0] ?? ""), outgoing(call)) } };
}

function inputsReply(call: Call, rows: readonly InputRow[]): Reply {
  return { json: { inputs: rows.map((row) => outgoingInput(row, outgoing(call))) } };
}
