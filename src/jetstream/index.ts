/** The public surface of `sluice/jetstream`, listed by hand. It needs the NATS packages. */

export { type FailedInputsOptions, failedInputs } from "./failed-inputs.js";
export { type JetstreamOptions, jetstream } from "./jetstream.js";
export type { EngineAddress, NatsAddress } from "./nats-server.js";
export { type PublishToOptions, publishTo } from "./publish-to.js";
export { type StreamReport, type StreamReportOptions, streamReport } from "./stream-report.js";
export type { WorkerStatus } from "./worker/heartbeats.js";
export type { FailedInput } from "./worker/outcome-records.js";
