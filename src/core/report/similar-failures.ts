/** Groups failures whose reasons differ only in names: of their input, of files and URLs, and in numbers. */

import type { Failure } from "./report.js";

/** Failures with one code and one reason. */
export interface SimilarFailures {
  code: string;
  stage: string;
  /** The reason. What differs between the failures is replaced by "…". */
  reason: string;
  failures: [Failure, ...Failure[]];
}

/** A URL, a quoted value, a path or file name, a long hexadecimal id, and a number. */
const variable =
  /[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+|"[^"]*"|[^\s"'(),;]*[/\\][^\s"'(),;]+|[^\s"'(),;]+\.[a-z][a-z0-9]{1,4}(?![\w.])|\b[0-9a-f]{12,}\b|\d[\d,.]*/gi;

/** Groups failures by plugin, code and reason, in the order of the first of each. */
export function similarFailures(failures: readonly Failure[]): SimilarFailures[] {
  const groups = new Map<string, SimilarFailures>();
  for (const failure of failures) {
    const { code, stage } = failure;
    const reason = ownReason(failure);
    const general = generalReason(failure, reason);
    const key = `${stage}\n${code}\n${general}`;
    const group = groups.get(key);
    if (!group) groups.set(key, { code, stage, reason, failures: [failure] });
    else {
      group.failures.push(failure);
      if (group.reason !== reason) group.reason = general;
    }
  }
  return [...groups.values()];
}

/** Returns the reason without the name of the input at its beginning. */
function ownReason({ origin, reason }: Failure): string {
  return reason.startsWith(`${origin} `) ? reason.slice(origin.length + 1) : reason;
}

function generalReason({ origin, id }: Failure, reason: string): string {
  let text = reason;
  for (const name of [origin, id]) if (name !== undefined && name.length > 2) text = text.replaceAll(name, "…");
  return text.replace(variable, (found) => (found.startsWith('"') ? '"…"' : "…"));
}
