/** The route of archives that the server fetches by itself. */

import { redactUrl } from "../../../core/redact-urls.js";
import { isObject, type JsonObject } from "../../../core/util/json/json-values.js";
import { addExtraction } from "../../store/ingest-rows.js";
import { wholeJob } from "../../wire/outgoing-jobs.js";
import { invalidRequest, notSupported } from "../../wire/refusals.js";
import { type Call, objectsOf, type Reply } from "../context.js";
import { newJob, planOf } from "./ingest-plan.js";

/** POST …/inputs/data_sources */
export function postDataSources(call: Call): Reply {
  const { services, app, body } = call;
  const { store } = services;
  const sources = objectsOf(body.data_sources, "data_sources").map((value) => {
    return { value, url: urlOf(value), plan: planOf(value) };
  });
  const jobs = store.transaction(() =>
    sources.map(({ value, url, plan }) => {
      const job = newJob(call, value);
      addExtraction(store, { app: app.seq, job, url, plan: JSON.stringify(plan) });
      return job;
    }),
  );
  services.extractions.wake();
  const rows = jobs.map((id) => store.job(app.seq, id)).filter((job) => job !== undefined);
  return { json: { inputs_add_jobs: rows.map((job) => wholeJob(store, app.seq, job)) } };
}

/** Returns the URL of an archive. @throws {Refusal} 10040 for buckets, 11102 */
function urlOf({ url: source }: JsonObject): string {
  const url = isObject(source) ? source.url : undefined;
  if (typeof url !== "string") throw invalidRequest("a data source needs a url");
  const { protocol } = URL.canParse(url) ? new URL(url) : { protocol: "" };
  if (protocol !== "http:" && protocol !== "https:") {
    const details = `the emulator reads no buckets, such as ${redactUrl(url)}; it unpacks a zip, tar or tar.gz that it fetches from an http or https URL`;
    throw notSupported(details);
  }
  if (isObject(source) && source.credentials !== undefined)
    throw notSupported("the emulator reads no buckets, so it does not use credentials; leave them out");
  return url;
}
