/** The options of sources on the command line, as they are parsed. */

import type { Kind } from "../../core/input/input.js";
import type { RegionPolicy } from "../../formats/annotations/region-list.js";
import type { ShardingOptions } from "../common/sharding.js";

export interface ReadingOptions extends ShardingOptions {
  as?: string;
  kind?: Kind[];
  include?: string[];
  exclude?: string[];
  folderLabels?: boolean;
  watch?: boolean;
  pairs?: boolean;
  column?: "text" | "url" | "file";
  delimiter?: string;
  map?: Record<string, string>;
  fetch?: boolean;
  ids?: string[];
  header?: string[];
  endpoint?: string;
  region?: string;
  anonymous?: boolean;
  hfConfig?: string;
  hfSplit?: string;
  invalid?: RegionPolicy;
  orientation?: "upright" | "stored";
  /** Of the connection; the fetches use it, too. */
  proxy?: string | false;
}

/** Options that are for some forms of source only, and their names on the command line. */
export const formOptions = {
  include: "--include",
  exclude: "--exclude",
  folderLabels: "--folder-labels",
  watch: "--watch",
  pairs: "--pairs",
  column: "--column",
  delimiter: "--delimiter",
  map: "--map",
  fetch: "--fetch",
  header: "--header",
  endpoint: "--endpoint",
  region: "--region",
  anonymous: "--anonymous",
  hfConfig: "--hf-config",
  hfSplit: "--hf-split",
  invalid: "--invalid",
  orientation: "--orientation",
} as const satisfies Partial<Record<keyof ReadingOptions, string>>;
export type FormOption = keyof typeof formOptions;

/** Forms of tables. */
export const tableForms = ["csv", "jsonl"];
