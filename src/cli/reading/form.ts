/** The contract of forms: what a source on the command line can be. */

import type { Stats } from "node:fs";
import type { App } from "../../clarifai/client/app.js";
import { OptionsError } from "../../core/errors.js";
import type { Source } from "../../core/plugin/source.js";
import type { FormOption, ReadingOptions } from "./options.js";

/** What a form may use beside its options. */
export interface FormContext {
  /** The app with whose credential the media of an export are read. */
  app?: App | undefined;
}

/** A form of source, such as `csv`. One file each. */
export interface Form {
  /** Value of `--as`. */
  name: string;
  /** What its sources are, in the plural, for error texts: `CSV files`. */
  plural: string;
  /** Whether stdin can have this form. Default: false. */
  isStreamed?: boolean;
  /** The options that are for some forms only, and that this form takes. */
  takes?: readonly FormOption[];
  /** Whether a source has this form by its name and type; `stats` is undefined for what is not a path on this disk. Default: only `--as` chooses the form. */
  isNamed?(name: string, stats: Stats | undefined): boolean;
  /** Whether a source has this form by its content, which is looked at before the name counts. Default: never. */
  isRecognized?(name: string, stats: Stats | undefined): Promise<boolean>;
  /** Makes the source. `name` is a path, a URL, or the path of stdin. @throws {OptionsError} ERR_OPTIONS */
  source(name: string, options: ReadingOptions, context: FormContext): Source | Promise<Source>;
}

/** Returns the rule of `--ids` for a source that accepts only one. The source checks which rule it is. @throws {OptionsError} ERR_OPTIONS */
export function singleRule(ids: readonly string[] | undefined): string | undefined {
  if (ids && ids.length > 1)
    throw new OptionsError("ERR_OPTIONS", "--ids: only CSV and JSON Lines accept several rules");
  return ids?.[0];
}

export function isUrl(name: string): boolean {
  return /^https?:\/\//i.test(name);
}
