/** Routes of uploads in parts. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { addExtraction, isExpired, type PartRow, setUpload, type UploadRow } from "../../store/ingest-rows.js";
import { newId, timestamp } from "../../store/store.js";
import { textsIn } from "../../wire/lenient-json.js";
import { outgoingUpload, wholeJob } from "../../wire/outgoing-jobs.js";
import { doesNotExist, invalidRequest, Refusal } from "../../wire/refusals.js";
import { type Call, objectsOf, pageOf, type Reply } from "../context.js";
import { newJob, planOf } from "./ingest-plan.js";

const { UPLOAD_IN_PROGRESS, UPLOAD_DONE, UPLOAD_EXPIRED, UPLOAD_CONFLICT } = statusCodes;

/** POST …/uploads: content that makes no inputs. */
export function postUploads(call: Call): Reply {
  const { store } = call.services;
  const values = objectsOf(call.body.uploads, "uploads");
  for (const value of values) lengthOf(value);
  const ids = store.transaction(() => values.map((value) => addUpload(call, value)));
  return { json: { uploads: ids.map((id) => outgoingUpload(rowOf(call, id))) } };
}

/** POST …/inputs/uploads: archives, which are unpacked when all their bytes have arrived. */
export function postInputsUploads(call: Call): Reply {
  const { services, app, body } = call;
  const { store } = services;
  const values = objectsOf(body.inputs_uploads, "inputs_uploads").map((value) => {
    const upload = isObject(value.upload) ? value.upload : {};
    lengthOf(upload);
    return { value, upload, plan: planOf(value) };
  });
  const jobs = store.transaction(() =>
    values.map(({ value, upload, plan }) => {
      const job = newJob(call, value);
      addUpload(call, upload, job, JSON.stringify(plan));
      return job;
    }),
  );
  const rows = jobs.map((id) => store.job(app.seq, id)).filter((job) => job !== undefined);
  return { json: { inputs_add_jobs: rows.map((job) => wholeJob(store, app.seq, job)) } };
}

/** PUT …/uploads/{id}/content_parts */
export function putContentParts(call: Call): Reply {
  const id = call.parts[0] ?? "";
  const { services, body, media, app } = call;
  const { store, files, uploads } = services;
  for (const value of objectsOf(body.content_parts, "content_parts")) {
    const row = rowOf(call, id);
    const stored = media(String(value.data ?? ""));
    if (!stored || stored.sizeBytes === 0) throw invalidRequest("a content part needs data");
    if (!stored.valid) throw invalidRequest("the data of the content part are not valid base64");
    const { range_start: start, part_number: number } = value as { range_start: number; part_number: number };
    const part = { start, number, length: stored.sizeBytes, sha256: stored.sha256 };
    if (isReceived(call, row, part)) continue; // sent again, because its answer was lost
    if (row.status !== UPLOAD_IN_PROGRESS) throw refusalFor(row);
    checkPart(call, row, part);
    uploads.write(row.seq, start, files.pathOf(stored.sha256));
    const sql = "INSERT INTO upload_parts (upload, start, length, number, sha256) VALUES (?, ?, ?, ?, ?)";
    store.transaction(() => {
      store.run(sql, row.seq, part.start, part.length, part.number, part.sha256);
      const received = row.received + part.length;
      store.run("UPDATE uploads SET received = ?, modified_at = ? WHERE seq = ?", received, timestamp(), row.seq);
      if (received < row.length) return;
      setUpload(store, row.seq, UPLOAD_DONE);
      if (row.job === null || row.plan === null) return;
      addExtraction(store, { app: app.seq, job: row.job, upload: row.seq, plan: row.plan });
    });
  }
  services.extractions.wake();
  return { json: { upload: outgoingUpload(rowOf(call, id)) } };
}

/** GET …/uploads. The API leaves an empty list out. */
export function listUploads(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT id FROM uploads WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<{ id: string }>(sql, app.seq, size, offset);
  return { json: rows.length > 0 ? { uploads: rows.map(({ id }) => outgoingUpload(rowOf(call, id))) } : {} };
}

/** GET …/uploads/{id} */
export function getUpload(call: Call): Reply {
  return { json: { upload: outgoingUpload(rowOf(call, call.parts[0] ?? "")) } };
}

/** DELETE …/uploads. The job of an unfinished archive is cancelled. */
export function deleteUploads(call: Call): Reply {
  const ids = textsIn(call.body.ids);
  if (ids.length === 0) throw invalidRequest("ids is empty");
  const { store, uploads } = call.services;
  const rows = ids.map((id) => rowOf(call, id));
  store.transaction(() => {
    for (const { seq, app, job, status } of rows) {
      if (job !== null && status === UPLOAD_IN_PROGRESS)
        store.run("UPDATE jobs SET cancelled = 1 WHERE app = ? AND id = ?", app, job);
      store.run("DELETE FROM upload_parts WHERE upload = ?", seq);
      store.run("DELETE FROM uploads WHERE seq = ?", seq);
    }
  });
  for (const { seq, status } of rows) if (status !== UPLOAD_DONE) uploads.remove(seq); // else its archive may be read just now
  return {};
}

function addUpload(
  { services, app }: Call,
  value: JsonObject,
  job: string | null = null,
  plan: string | null = null,
): string {
  const id = newId();
  const now = timestamp();
  const expires = new Date(Date.now() + services.uploadExpiryMs).toISOString();
  const sql =
    "INSERT INTO uploads (app, id, job, name, length, status, plan, created_at, modified_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  const name = typeof value.content_name === "string" ? value.content_name : "";
  services.store.run(sql, app.seq, id, job, name, lengthOf(value), UPLOAD_IN_PROGRESS, plan, now, now, expires);
  return id;
}

/** @throws {Refusal} 11102 */
function lengthOf({ content_length: length }: JsonObject): number {
  if (typeof length === "number" && length > 0) return length;
  throw invalidRequest("an upload needs a content_length of 1 or more");
}

/** Returns an upload. One that expired loses its bytes. @throws {Refusal} 11101 */
function rowOf({ services, app }: Call, id: string): UploadRow {
  const { store, uploads } = services;
  const row = store.get<UploadRow>("SELECT * FROM uploads WHERE app = ? AND id = ?", app.seq, id);
  if (!row) throw doesNotExist(`the upload "${id}" does not exist`);
  if (!isExpired(row)) return row;
  setUpload(store, row.seq, UPLOAD_EXPIRED);
  uploads.remove(row.seq);
  return { ...row, status: UPLOAD_EXPIRED };
}

function isReceived({ services }: Call, row: UploadRow, part: PartRow): boolean {
  const sql = "SELECT * FROM upload_parts WHERE upload = ? AND start = ?";
  const known = services.store.get<PartRow>(sql, row.seq, part.start);
  return known?.length === part.length && known.number === part.number && known.sha256 === part.sha256;
}

function refusalFor({ id, status }: UploadRow): Refusal {
  if (status === UPLOAD_EXPIRED) return new Refusal(UPLOAD_EXPIRED, `the upload "${id}" has expired; begin a new one`);
  return new Refusal(UPLOAD_CONFLICT, `the upload "${id}" is complete, and the part differs from what it has`);
}

/** Checks a new part: its bytes are in the content, no other part has them, and its number follows their order. @throws {Refusal} 11105, 68006 */
function checkPart({ services }: Call, row: UploadRow, { start, length, number }: PartRow): void {
  if (number < 1) throw new Refusal(UPLOAD_CONFLICT, `part_number must be 1 or more, not ${number}`);
  const end = start + length;
  if (start < 0 || end > row.length) {
    const details = `the part has the bytes ${start} to ${end}; the content has ${row.length}`;
    throw new Refusal(statusCodes.CONN_INVALID_RANGE, details);
  }
  const { store } = services;
  const overlap = "SELECT number FROM upload_parts WHERE upload = ? AND start < ? AND start + length > ?";
  const other = store.get<{ number: number }>(overlap, row.seq, end, start);
  if (other) throw new Refusal(UPLOAD_CONFLICT, `the part ${number} has bytes of the part ${other.number}`);
  const disordered = "SELECT number FROM upload_parts WHERE upload = ? AND (number = ? OR (number < ?) != (start < ?))";
  const wrong = store.get<{ number: number }>(disordered, row.seq, number, number, start);
  if (!wrong) return;
  throw new Refusal(UPLOAD_CONFLICT, `the part ${number} does not follow the order of the part ${wrong.number}`);
}
