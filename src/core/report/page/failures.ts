/** The failures on the page of a report: by code, with the cause and the fix of the code, and by reason. */

import { countText } from "../../util/format/format.js";
import type { Failure, FailureGroup } from "../report.js";
import { type SimilarFailures, similarFailures } from "../similar-failures.js";
import { errorHelp } from "./error-help.js";
import type { Facts } from "./facts.js";
import { type Html, html, name } from "./html.js";

/** Maximum number of groups of failures or reasons on a page; further groups are counted. The first groups are unfolded. */
export const maxGroups = 50;
const maxUnfolded = 8;
/** Maximum number of reasons of one code, and of origins of one reason. */
const maxReasons = 5;
const maxOrigins = 5;

/** Makes a part for each code. */
export function failureParts({ failures, failureGroups }: Facts): Html[] {
  const similar = similarFailures(failures);
  return failureGroups.slice(0, maxGroups).map((group, index) => {
    const reasons = similar.filter(({ code, stage }) => code === group.code && stage === group.stage);
    return failureGroup(group, reasons.length > 0 ? reasons : similarFailures(group.examples), index);
  });
}

function failureGroup({ code, stage, count, examples }: FailureGroup, reasons: SimilarFailures[], index: number): Html {
  const open = index < maxUnfolded ? html` open` : html``;
  const retryable = examples.every((failure) => failure.retryable) ? ", may succeed later" : "";
  const help = errorHelp(code);
  const shown = [...reasons].sort((one, other) => other.failures.length - one.failures.length).slice(0, maxReasons);
  const explained = help ? html`<p class="help">${help.happened} <b>What to do:</b> ${help.fix}</p>` : html``;
  const more = reasons.length - shown.length;
  const rest =
    more > 0 ? html`<li class="soft">… and ${countText(more)} more ${more === 1 ? "reason" : "reasons"}</li>` : html``;
  return html`<details${open}><summary><b>${countText(count)}</b> × <code>${code}</code> <span class="soft">in ${stage}${retryable}</span></summary>${explained}<ul class="examples">${shown.map(reasonItem)}${rest}</ul></details>`;
}

/** Names one failure with its reason; several failures by their common reason, with the first origins. */
function reasonItem({ reason, failures }: SimilarFailures): Html {
  const [first] = failures;
  if (failures.length === 1) return html`<li><b>${name(first.origin)}</b> <span>${first.reason}</span></li>`;
  return html`<li><b>${countText(failures.length)}</b> × ${reason}<p class="soft">${originsOf(failures)}</p></li>`;
}

function originsOf(failures: readonly Failure[]): Html[] {
  const named = failures
    .slice(0, maxOrigins)
    .map(({ origin }, index) => html`${index === 0 ? "" : ", "}${name(origin)}`);
  return failures.length > maxOrigins ? [...named, html`, …`] : named;
}
