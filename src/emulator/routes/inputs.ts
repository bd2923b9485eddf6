/** Routes of inputs: add, list, count, get, patch, delete. */

import { limits } from "../../clarifai/limits.js";
import { describeFile } from "../../core/input/content.js";
import { type DescribedFiles, pixelProblem } from "../media/processing.js";
import { shareOf } from "../server/faults.js";
import {
  checkId,
  type IncomingInput,
  ItemRefusal,
  incomingConcepts,
  incomingFields,
  incomingInput,
  isObject,
} from "../server/incoming.js";
import { outgoingData, outgoingInput, outgoingJob } from "../server/outgoing.js";
import { Refusal, status } from "../server/status.js";
import { type Fields, type InputRow, type Json, type JsonObject, mediaKinds } from "../store/model.js";
import { newId, timestamp } from "../store/store.js";
import { type Call, objectsOf, outgoing, overall, pageOf, type Reply, textsOf } from "./context.js";
import { type Action, patchFields } from "./patching.js";

interface Posted {
  failed: boolean;
  json: JsonObject;
  seq?: number;
}

/** SUFFIX, among the ways to deal with an id that is taken. */
const suffixOnConflict = 2;

/** POST …/inputs */
export async function postInputs(call: Call): Promise<Reply> {
  const { services, app, body } = call;
  const values = objectsOf(body.inputs, "inputs");
  checkCompany(call, values);
  const jobId =
    typeof body.inputs_add_job_id === "string" ? checkId("inputs_add_job_id", body.inputs_add_job_id) : undefined;
  const described = await describeImages(call, values);
  const suffix = body.input_id_conflict_resolution === suffixOnConflict;
  const ids = new Set<string>();
  const posted = services.store.transaction(() => {
    if (jobId !== undefined) services.store.addJob(app.seq, jobId);
    const results = values.map((value) => postOne(call, value, { jobId, suffix, ids, described }));
    const accepted = results.filter((result) => !result.failed).length;
    if (jobId !== undefined && accepted > 0) services.store.count(app.seq, jobId, "pending", undefined, accepted);
    return results;
  });
  services.processing.add(
    posted.flatMap((item) => (item.seq === undefined ? [] : [item.seq])),
    described,
  );
  const job = jobId === undefined ? undefined : services.store.job(app.seq, jobId);
  const top = overall(posted, "inputs");
  return {
    status: top.code === 10000 ? status(10000, "All inputs successfully added") : top,
    json: { inputs: posted.map((item) => item.json), ...(job ? { inputs_add_job: outgoingJob(job) } : {}) },
  };
}

/** A video goes alone; with others, or in a body over the limit, the whole request is refused. */
function checkCompany({ bodyBytes }: Call, values: readonly JsonObject[]): void {
  const videos = values.filter((value) => isObject(value.data) && isObject(value.data.video)).length;
  if (videos > 0 && values.length > 1) throw new Refusal(39999, "a video must be the only input of its request");
  if (bodyBytes >= limits.maxRequestBytes && videos === 0) {
    throw new Refusal(40033, `the request has ${bodyBytes} bytes; it must have less than ${limits.maxRequestBytes}`);
  }
}

/** What the images of a request are, by their SHA-256: images that are too large are refused now, not when they are processed. */
async function describeImages({ services, media }: Call, values: readonly JsonObject[]): Promise<DescribedFiles> {
  const described: DescribedFiles = new Map();
  for (const { data } of values) {
    const given = isObject(data) && isObject(data.image) ? data.image.base64 : undefined;
    const stored = typeof given === "string" ? media(given) : undefined;
    if (!stored?.valid || stored.sizeBytes === 0 || described.has(stored.sha256)) continue;
    const path = services.files.pathOf(stored.sha256);
    try {
      described.set(stored.sha256, await describeFile(path, "image"));
    } catch {
      // Processing says what is wrong with it.
    }
  }
  return described;
}

/** What the inputs of a request share. */
interface PostOptions {
  jobId: string | undefined;
  suffix: boolean;
  /** Ids that earlier inputs of the request asked for. */
  ids: Set<string>;
  described: DescribedFiles;
}

function postOne(call: Call, value: JsonObject, { jobId, suffix, ids, described }: PostOptions): Posted {
  const { store } = call.services;
  try {
    const input = incomingInput(value, call.media);
    if (call.mixed && shareOf(input.id ?? "") < call.mixed.share) throw new ItemRefusal(call.mixed.code, "injected");
    const content = described.get(input.stored?.sha256 ?? "")?.content;
    const problem = content && pixelProblem(content);
    if (input.kind === "image" && problem !== undefined) throw new ItemRefusal(30105, problem);
    const id = freeId(call, input.id, suffix, ids);
    if (input.url !== undefined && !input.allowDuplicateUrl) checkUrl(call, input.url);
    const datasets = input.datasets.map((dataset) => ensureDataset(call, dataset));
    if (input.id !== undefined) ids.add(input.id);
    const seq = insert(call, input, id, jobId);
    for (const dataset of datasets) addToDataset(call, dataset, seq);
    for (const annotation of input.annotations) store.insertAnnotation(call.app.seq, id, annotation);
    const json = outgoingInput(store.input(call.app.seq, id) as InputRow, outgoing(call));
    return { failed: false, json: { ...json, data: { ...(json.data as JsonObject), ...drawn(call, input) } }, seq };
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    const { id, data } = value;
    const shown = { ...(id === undefined ? {} : { id }), ...(isObject(data) ? { data: withoutContent(data) } : {}) };
    return { failed: true, json: { ...shown, status: error.status as unknown as JsonObject } };
  }
}

/** The regions, frames and time segments that came with an input, as its annotations have them. */
function drawn(call: Call, { annotations }: IncomingInput): JsonObject {
  const result: Record<string, Json[]> = {};
  for (const { data } of annotations) {
    for (const [name, list] of Object.entries(outgoingData(data, outgoing(call)))) {
      result[name] = [...(result[name] ?? []), ...(list as Json[])];
    }
  }
  return result;
}

/** The data of a refused input as they were sent; the content is not sent back. */
function withoutContent(data: JsonObject): JsonObject {
  const entries = Object.entries(data).map(([key, value]) => {
    if (!(mediaKinds as readonly string[]).includes(key) || !isObject(value)) return [key, value] as const;
    const { base64: _, raw: __, ...rest } = value;
    return [key, rest] as const;
  });
  return Object.fromEntries(entries);
}

function insert({ services, app }: Call, input: IncomingInput, id: string, jobId: string | undefined): number {
  const { store } = services;
  store.ensureConcepts(app.seq, input.concepts);
  const now = timestamp();
  return store.insertInput({
    app: app.seq,
    id,
    kind: input.kind,
    media: JSON.stringify(input.media),
    fields: JSON.stringify(input.fields),
    sha256: input.stored?.sha256 ?? null,
    size_bytes: input.stored?.sizeBytes ?? 0,
    url: input.url ?? null,
    status: 30001,
    details: null,
    job: jobId ?? null,
    created_at: now,
    modified_at: now,
  });
}

/** `asked` has the ids that inputs of the same request have already asked for. */
function freeId({ services, app }: Call, id: string | undefined, suffix: boolean, asked: Set<string>): string {
  if (id === undefined) return newId();
  const exists = (candidate: string) => services.store.input(app.seq, candidate) !== undefined;
  if (asked.has(id)) throw new ItemRefusal(30100, "Input has a duplicate ID.");
  if (!exists(id)) return id;
  if (!suffix) throw new ItemRefusal(30100, "Input has a duplicate ID.");
  for (let n = 1; n <= 9; n += 1) if (!exists(`${id}-${n}`)) return `${id}-${n}`;
  return `${id}-${newId().slice(0, 6)}`;
}

function checkUrl({ services, app }: Call, url: string): void {
  if (services.store.get("SELECT 1 AS found FROM inputs WHERE app = ? AND url = ? LIMIT 1", app.seq, url)) {
    throw new ItemRefusal(30100, "Input has a duplicate URL.");
  }
}

/** The dataset of an input; it comes into being with its first input, unless the store is told not to. */
export function ensureDataset({ services, app }: Call, id: string): string {
  checkId("dataset id", id);
  const there = services.store.get("SELECT 1 AS found FROM datasets WHERE app = ? AND id = ?", app.seq, id);
  if (there) return id;
  if (!services.autoCreate) throw new ItemRefusal(11101, `the dataset "${id}" does not exist`);
  const now = timestamp();
  services.store.run(
    "INSERT INTO datasets (app, id, data, created_at, modified_at) VALUES (?, ?, '{}', ?, ?)",
    app.seq,
    id,
    now,
    now,
  );
  return id;
}

export function addToDataset({ services, app }: Call, dataset: string, seq: number): void {
  const sql = "INSERT OR IGNORE INTO dataset_inputs (app, dataset, input, created_at) VALUES (?, ?, ?, ?)";
  services.store.run(sql, app.seq, dataset, seq, timestamp());
}

/** GET …/inputs */
export function listInputs(call: Call): Reply {
  const { services, app, parameters } = call;
  const { offset, size } = pageOf(parameters);
  const ids = textsOf(parameters.ids);
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
  const rows = services.store.all<InputRow>(sql, ...values, size, offset);
  return { json: { inputs: rows.map((row) => outgoingInput(row, outgoing(call))) } };
}

/** GET …/inputs/stream */
export function streamInputs(call: Call): Reply {
  const { services, app, parameters } = call;
  const { size } = pageOf(parameters, 20);
  const { descending = false, order_by_id: byId = false, last_id: lastId } = parameters;
  const order = descending ? "DESC" : "ASC";
  const beyond = descending ? "<" : ">";
  const column = byId ? "id" : "seq";
  let after: string | number | undefined;
  if (typeof lastId === "string") {
    after = byId ? lastId : services.store.placeOf(app.seq, lastId);
    if (after === undefined) throw new Refusal(11101, `last_id "${lastId}" does not exist`);
  }
  const where = after === undefined ? "" : `AND ${column} ${beyond} ?`;
  const sql = `SELECT * FROM inputs WHERE app = ? ${where} ORDER BY ${column} ${order} LIMIT ?`;
  const rows = services.store.all<InputRow>(sql, app.seq, ...(after === undefined ? [] : [after]), size);
  return { json: { inputs: rows.map((row) => outgoingInput(row, outgoing(call))) } };
}

/** GET …/inputs/status */
export function countInputs({ services, app }: Call): Reply {
  const sql = "SELECT status, count(*) AS count FROM inputs WHERE app = ? GROUP BY status";
  const rows = services.store.all<{ status: number; count: number }>(sql, app.seq);
  const sum = (test: (code: number) => boolean) =>
    rows.filter((row) => test(row.status)).reduce((total, row) => total + row.count, 0);
  const counts = {
    processed: sum((code) => code === 30000),
    to_process: sum((code) => code === 30001),
    errors: sum((code) => ![30000, 30001, 30003].includes(code)),
    processing: sum((code) => code === 30003),
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

export function inputOf({ services, app }: Call, id: string): InputRow {
  const row = services.store.input(app.seq, id);
  if (!row) throw new Refusal(11101, `the input "${id}" does not exist`);
  return row;
}

export function actionOf(body: JsonObject): Action {
  const { action } = body;
  if (action === "merge" || action === "overwrite" || action === "remove") return action;
  if (action === "merge_concepts") return "merge";
  if (action === "delete_concepts") return "remove";
  throw new Refusal(24900, `action must be merge, overwrite or remove, not ${JSON.stringify(action ?? null)}`);
}

/** PATCH …/inputs */
export function patchInputs(call: Call): Reply {
  const { services, body } = call;
  const action = actionOf(body);
  const values = objectsOf(body.inputs, "inputs");
  const patched = services.store.transaction(() => values.map((value) => patchOne(call, value, action)));
  return { status: overall(patched, "inputs"), json: { inputs: patched.map((item) => item.json) } };
}

function patchOne(call: Call, value: JsonObject, action: Action): Posted {
  const { services, app } = call;
  const { store, overwriteReading } = services;
  const id = String(value.id ?? "");
  try {
    const row = store.input(app.seq, id);
    if (!row) throw new ItemRefusal(30102, `the input "${id}" does not exist`);
    const data = isObject(value.data) ? value.data : {};
    checkPatch(call, row, data);
    const fields = incomingFields(data);
    if (action !== "remove") store.ensureConcepts(app.seq, incomingConcepts(data.concepts));
    setFields(call, row, patchFields(JSON.parse(row.fields) as Fields, fields, action, overwriteReading));
    const json = outgoingInput(store.input(app.seq, id) as InputRow, outgoing(call));
    return { failed: false, json: { ...json, status: status(30200) as unknown as JsonObject } };
  } catch (error) {
    if (!(error instanceof ItemRefusal)) throw error;
    return { failed: true, json: { ...(id === "" ? {} : { id }), status: error.status as unknown as JsonObject } };
  }
}

/** A patch of an input changes its concepts, metadata and location. The rest of its data may be sent back as it was, and not changed. */
function checkPatch(call: Call, row: InputRow, data: JsonObject): void {
  for (const name of ["regions", "frames", "time_segments"]) {
    if (data[name] === undefined) continue;
    throw new ItemRefusal(30104, `${name} are annotations of the input; PATCH …/annotations changes them`);
  }
  const stored = outgoingInput(row, outgoing(call)).data as JsonObject;
  for (const kind of mediaKinds) {
    const given = data[kind];
    if (!isObject(given)) continue;
    const there = isObject(stored[kind]) ? stored[kind] : undefined;
    const bytes = typeof given.base64 === "string" ? call.media(given.base64)?.sha256 : undefined;
    const isSame =
      there !== undefined &&
      (given.url === undefined || isSameUrl(String(given.url), String(there.url))) &&
      (given.raw === undefined || given.raw === there.raw) &&
      (given.base64 === undefined || bytes === row.sha256);
    if (!isSame) throw new ItemRefusal(30104, `the ${kind} of an input cannot be patched; post it under another id`);
  }
}

/** The server's own addresses are the same under each of its names. */
function isSameUrl(given: string, there: string): boolean {
  const hosted = /\/media\/orig\/users\/.+$/.exec(there)?.[0];
  return given === there || (hosted !== undefined && given.endsWith(hosted));
}

export function setFields({ services }: Pick<Call, "services">, row: InputRow, fields: Fields): void {
  const sql = "UPDATE inputs SET fields = ?, modified_at = ? WHERE seq = ?";
  services.store.run(sql, JSON.stringify(fields), timestamp(), row.seq);
}

/** DELETE …/inputs: after a while. The first clients say delete_all to delete every input that is there now. */
export function deleteInputs({ services, app, body }: Call): Reply {
  const ids = textsOf(body.ids);
  if (body.delete_all === true) {
    if (ids.length > 0) throw new Refusal(11102, "ids and delete_all exclude each other");
    services.removeLater(app, "all");
    return {};
  }
  if (ids.length === 0) throw new Refusal(11102, "ids is empty");
  if (ids.length > limits.maxIdsPerRequest) throw new Refusal(11102, `ids has ${ids.length} items; the limit is 128`);
  services.removeLater(app, ids);
  return {};
}

/** DELETE …/inputs/{id}: at once */
export function deleteInput(call: Call): Reply {
  call.services.removeNow(inputOf(call, call.parts[0] ?? ""));
  return {};
}
