/** A program that uses the example plugin as a package. */

import { flow } from "sluice";
import { shiftTimes, subtitles, writeSubtitles } from "sluice-subtitles";

const report = await flow(subtitles({ path: "film.srt" }))
  .pipe(shiftTimes({ byMs: 500 }), writeSubtitles({ path: "moved.srt" }))
  .run();
console.log(report.summary());
