/** The app that a sink works on. */

import type { OpenContext } from "../../core/plugin/sink.js";
import type { App } from "./app.js";

/** Returns the app of a sink's options, and lets the run count its requests; in a dry run, the app that sends none. */
export function appOfRun({ options, dryRun, run }: OpenContext<{ app: App }>): App {
  const app = dryRun ? options.app.forDryRun() : options.app;
  run.watch(app.transport);
  return app;
}
