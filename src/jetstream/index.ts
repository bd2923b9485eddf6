/** The public surface of `sluice/jetstream`, listed by hand. It needs the NATS packages. */

export type { FailedInput } from "./deliveries.js";
export { type FailedInputsOptions, failedInputs } from "./failed-inputs.js";
export { type JetstreamOptions, jetstream } from "./jetstream.js";
export type { EngineAddress, NatsAddress } from "./nats-server.js";
export { type PublishToOptions, publishTo } from "./publish-to.js";
export { type StreamReport, type StreamReportOptions, streamReport } from "./stream-report.js";
