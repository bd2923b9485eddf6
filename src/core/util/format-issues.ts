/** Formats the problems that a schema finds. */

import type * as z from "zod";
import { formatValue } from "./format-value.js";

/** The first problems of a failed check as one line, with the values where the check reported them (`reportInput`); `above` is the path to what was checked. */
export function formatIssues(error: z.ZodError, above: readonly PropertyKey[] = []): string {
  return error.issues
    .slice(0, 3)
    .map((issue) => describeIssue(issue, above))
    .join("; ");
}

type Issue = z.core.$ZodIssue;

function describeIssue(issue: Issue, above: readonly PropertyKey[]): string {
  const path = [...above, ...issue.path];
  const deeper = issue.code === "invalid_union" ? deepest(issue.errors.flat()) : undefined;
  if (deeper) return describeIssue(deeper, path);
  const named = /received|Unrecognized/.test(issue.message);
  const text = named ? issue.message : `${issue.message}, got ${formatValue(issue.input)}`;
  return path.length > 0 ? `${path.join(".")}: ${text}` : text;
}

/** Of all forms that a value might have had, the one that it came closest to. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const inside = issues.filter((issue) => issue.path.length > 0);
  return inside.find((issue) => issue.code !== "invalid_type" || issue.input !== undefined) ?? inside[0];
}
