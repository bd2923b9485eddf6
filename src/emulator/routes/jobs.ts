/** Routes of the jobs that count added inputs by their state. */

import type { JobRow } from "../store/model.js";
import { outgoingJob } from "../wire/outgoing.js";
import { doesNotExist, notSupported } from "../wire/refusals.js";
import { type Call, pageOf, type Reply } from "./context.js";

/** GET …/inputs/jobs/add */
export function listJobs({ services, app, parameters }: Call): Reply {
  const { offset, size } = pageOf(parameters);
  const sql = "SELECT * FROM jobs WHERE app = ? ORDER BY created_at DESC, id LIMIT ? OFFSET ?";
  const jobs = services.store.all<JobRow>(sql, app.seq, size, offset);
  return { json: { inputs_add_jobs: jobs.map(outgoingJob) } };
}

/** GET …/inputs/jobs/add/{id} */
export function getJob({ services, app, parts }: Call): Reply {
  const job = services.store.job(app.seq, parts[0] ?? "");
  if (!job) throw doesNotExist(`the job "${parts[0]}" does not exist`);
  return { json: { inputs_add_job: outgoingJob(job) } };
}

/** PATCH …/inputs/jobs/add/{id} */
export function cancelJob(call: Call): Reply {
  const { services, app, parts } = call;
  getJob(call);
  services.store.run("UPDATE jobs SET cancelled = 1 WHERE app = ? AND id = ?", app.seq, parts[0] ?? "");
  return getJob(call);
}

/** POST …/inputs/uploads and POST …/inputs/data_sources: not supported. */
export function refuseArchives(): Reply {
  throw notSupported("the emulator unpacks no archives and reads no buckets; POST …/inputs takes inputs");
}
