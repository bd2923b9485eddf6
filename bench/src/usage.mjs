/** Loaded into every contender: reports time and memory to the runner when the process ends. */

import { writeSync } from "node:fs";

/** Times that a contender measured itself: `seconds` and `cpuSeconds` of the measured part. */
export const measured = {};

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(
    3,
    JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024, ...measured }),
  );
});
