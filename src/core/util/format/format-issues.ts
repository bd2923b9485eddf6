/** Formats the problems that the check of a schema finds. */

import type * as z from "zod";
import { formatValue } from "./format-value.js";

/** Formats the first three problems on one line, with the values if the check reported them (`reportInput`). `above` is the path to the checked value. */
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

/** Returns the problem of the form that the value comes closest to. */
function deepest(issues: readonly Issue[]): Issue | undefined {
  const inside = issues.filter((issue) => issue.path.length > 0);
  return inside.find((issue) => issue.code !== "invalid_type" || issue.input !== undefined) ?? inside[0];
}
