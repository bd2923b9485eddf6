/** Routes of the jobs that count added inputs by their state. */

import { statusCodes } from "../../clarifai/wire/status-codes.js";
import { extractionsOf, openExtraction, setExtraction } from "../store/ingest-rows.js";
import type { JobRow } from "../store/model.js";
import { wholeJob } from "../wire/outgoing-jobs.js";
import { doesNotExist } from "../wire/refusals.js";
import { type Call, pageOf, type Reply } from "./context.js";

/** GET …/inputs/jobs/add */
export function listJobs({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM jobs WHERE app = ? ORDER BY created_at DESC, id LIMIT ? OFFSET ?";
  const jobs = services.store.all<JobRow>(sql, app.seq, size, offset);
  return { json: { inputs_add_jobs: jobs.map((job) => wholeJob(services.store, app.seq, job)) } };
}

/** GET …/inputs/jobs/add/{id} */
export function getJob({ services, app, parts }: Call): Reply {
  const job = services.store.job(app.seq, parts[0] ?? "");
  if (!job) throw doesNotExist(`the job "${parts[0]}" does not exist`);
  return { json: { inputs_add_job: wholeJob(services.store, app.seq, job) } };
}

/** PATCH …/inputs/jobs/add/{id}: cancels a job, and stops unpacking its archives. Inputs that it has added stay. */
export function cancelJob(call: Call): Reply {
  const { services, app, parts } = call;
  getJob(call);
  const { store } = services;
  const id = parts[0] ?? "";
  store.transaction(() => {
    store.run("UPDATE jobs SET cancelled = 1 WHERE app = ? AND id = ?", app.seq, id);
    for (const { seq, status } of extractionsOf(store, app.seq, id))
      if (openExtraction.includes(status)) setExtraction(store, seq, statusCodes.JOB_CANCELLED);
  });
  return getJob(call);
}
