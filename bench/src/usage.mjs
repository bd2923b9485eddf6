/** Loaded into every contender: when the process ends, it tells the runner what it used. */

import { writeSync } from "node:fs";

/** What a contender measured itself: `seconds` and `cpuSeconds` of the part that counts. */
export const measured = {};

process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeSync(
    3,
    JSON.stringify({ cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024, ...measured }),
  );
});
