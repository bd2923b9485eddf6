/** Names of inputs, as people know them. */

const maxNameLength = 200;

export interface NamedRow {
  /** JSON of `metadata.filename`. */
  filename: string | null;
  url: string | null;
}

/** The columns of a `NamedRow`. The file name stays JSON, because SQLite would decode half of a surrogate pair into invalid text. */
export const nameColumns = "i.fields -> '$.metadata.filename' AS filename, i.url AS url";

/** Returns the file name in the metadata, else the one in the URL. Undefined: the input has none. */
export function nameOf({ filename, url }: NamedRow): string | undefined {
  const own: unknown = filename === null ? undefined : JSON.parse(filename);
  const name = typeof own === "string" && own !== "" ? own : nameInUrl(url ?? "");
  return name?.slice(0, maxNameLength).toWellFormed();
}

function nameInUrl(url: string): string | undefined {
  const name = /^[^?#]*\/\/[^/?#]+\/(?:[^?#]*\/)?([^/?#]+)/.exec(url)?.[1];
  try {
    return name === undefined ? undefined : decodeURIComponent(name);
  } catch {
    return name; // An invalid escape stays as it is.
  }
}
