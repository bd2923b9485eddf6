/** What the requests for archives have in common: a new job, a template, and the resolution of conflicts. */

import { statusCodes } from "../../../clarifai/wire/status-codes.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import type { IngestPlan } from "../../ingest/entry-inputs.js";
import { newId } from "../../store/store.js";
import { checkId } from "../../wire/ids.js";
import { incomingFields } from "../../wire/incoming-fields.js";
import { ItemRefusal, Refusal } from "../../wire/refusals.js";
import type { Call } from "../context.js";

/** The number of SUFFIX in the enumeration of conflict resolutions. */
const suffixOnConflict = 2;

/** Reads the template that all inputs of an archive get. @throws {Refusal} 24xxx, 30104, 39999, 40003 */
export function planOf(value: JsonObject): IngestPlan {
  const template = isObject(value.input_template) ? value.input_template : {};
  const data = isObject(template.data) ? template.data : {};
  const datasets = Array.isArray(template.dataset_ids) ? template.dataset_ids.map(String) : [];
  try {
    incomingFields(data); // refuses what each input would be refused for
    for (const dataset of datasets) checkId("dataset_ids", dataset);
  } catch (error) {
    if (error instanceof ItemRefusal) throw new Refusal(error.status.code, `input_template: ${error.message}`);
    throw error;
  }
  return { data, datasets, suffix: value.input_id_conflict_resolution === suffixOnConflict };
}

/** Adds the job that counts the inputs of an archive. Its id must be new. @throws {Refusal} 64007 */
export function newJob({ services, app }: Call, value: JsonObject): string {
  const id =
    typeof value.inputs_add_job_id === "string" ? checkId("inputs_add_job_id", value.inputs_add_job_id) : newId();
  if (services.store.job(app.seq, id))
    throw new Refusal(statusCodes.JOB_CONFLICT, `the job "${id}" exists; every archive needs a new job`);
  services.store.addJob(app.seq, id);
  return id;
}
