/** The public surface for work on many machines, listed by hand; it needs the packages of NATS. */

export type { FailedInput } from "./deliveries.js";
export { type FailedInputsOptions, failedInputs } from "./failed-inputs.js";
export { type JetstreamOptions, jetstream } from "./jetstream.js";
export type { EngineAddress } from "./nats-server.js";
export { type PublishToOptions, publishTo } from "./publish-to.js";
export { type StreamReport, type StreamReportOptions, streamReport } from "./stream-report.js";
