/** Checks arguments that are apps. */

import { OptionsError } from "../../core/errors.js";
import { formatValue } from "../../core/util/format/format-value.js";
import { App } from "./app.js";

/** Checks that an argument is an app and not the promise that `connect` returns. @throws {OptionsError} ERR_OPTIONS */
export function checkApp(plugin: string, app: unknown): void {
  if (app instanceof App) return;
  const hint = app instanceof Promise ? "a promise: await connect(…)" : formatValue(app);
  throw new OptionsError("ERR_OPTIONS", `${plugin}: the app must be what connect() resolves to, got ${hint}`);
}
