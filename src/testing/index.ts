/**
 * Contract suites for authors of plugins. They run with vitest.
 *
 * @module sluice/testing
 */

export { type OpenerFixture, testOpener } from "./opener-contract.js";
export { type SinkFixture, testSink } from "./sink-contract.js";
export { type SourceFixture, testSource } from "./source-contract.js";
export { type TransformFixture, testTransform } from "./transform-contract.js";
