/** Routes of the jobs that unpack archives. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { type ExtractionRow, openExtraction, setExtraction } from "../../store/ingest-rows.js";
import { textsIn } from "../../wire/lenient-json.js";
import { outgoingExtraction } from "../../wire/outgoing-jobs.js";
import { doesNotExist, invalidRequest } from "../../wire/refusals.js";
import { type Call, pageOf, type Reply } from "../context.js";

/** GET …/inputs/jobs/extraction. The API leaves an empty list out. */
export function listExtractionJobs({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM extraction_jobs WHERE app = ? ORDER BY seq DESC LIMIT ? OFFSET ?";
  const rows = services.store.all<ExtractionRow>(sql, app.seq, size, offset);
  return { json: rows.length > 0 ? { inputs_extraction_jobs: rows.map(outgoingExtraction) } : {} };
}

/** GET …/inputs/jobs/extraction/{id} */
export function getExtractionJob(call: Call): Reply {
  return { json: { inputs_extraction_job: outgoingExtraction(rowOf(call, call.parts[0] ?? "")) } };
}

/** PATCH …/inputs/jobs/extraction: cancels jobs. Inputs that they have added stay. */
export function cancelExtractionJobs(call: Call): Reply {
  const ids = textsIn(call.body.ids);
  if (ids.length === 0) throw invalidRequest("ids is empty");
  const { store } = call.services;
  store.transaction(() => {
    for (const row of ids.map((id) => rowOf(call, id)))
      if (openExtraction.includes(row.status)) setExtraction(store, row.seq, statusCodes.JOB_CANCELLED);
  });
  return { json: { inputs_extraction_jobs: ids.map((id) => outgoingExtraction(rowOf(call, id))) } };
}

function rowOf({ services, app }: Call, id: string): ExtractionRow {
  const sql = "SELECT * FROM extraction_jobs WHERE app = ? AND id = ?";
  const row = services.store.get<ExtractionRow>(sql, app.seq, id);
  if (!row) throw doesNotExist(`the extraction job "${id}" does not exist`);
  return row;
}
