/** Separates the signatures of URLs from an input before it is written to disk, and restores them. */

import { redactUrl } from "../redact-urls.js";
import type { Content, InputDraft } from "./input.js";
import { kinds } from "./kinds.js";

/** The complete URLs of an input whose fields have them without their signatures. */
export type SecretUrls = Record<string, { url?: string; hostedUrl?: string }>;

type WithUrl = Extract<Content, { url: string }>;

/** Removes the signatures from the URLs of an input, and returns the complete URLs beside it. */
export function hideSecrets(input: InputDraft): { input: InputDraft; secret?: SecretUrls } {
  let secret: SecretUrls | undefined;
  let copy: Record<string, unknown> | undefined;
  for (const field of kinds) {
    const content = input[field];
    if (typeof content !== "object" || content === null || !("url" in content)) continue; // the later check of the shape refuses null
    const redactedContent: WithUrl = { ...content };
    for (const key of ["url", "hostedUrl"] as const) {
      const complete = content[key];
      const redacted = typeof complete === "string" ? redactUrl(complete) : complete;
      if (complete === undefined || redacted === complete) continue;
      redactedContent[key] = redacted as string;
      secret ??= {};
      secret[field] = { ...secret[field], [key]: complete };
      copy ??= { ...input };
      copy[field] = redactedContent;
    }
  }
  if (typeof input.textUrl === "string" && redactUrl(input.textUrl) !== input.textUrl) {
    secret = { ...secret, textUrl: { url: input.textUrl } };
    copy = { ...(copy ?? input), textUrl: redactUrl(input.textUrl) };
  }
  return copy && secret ? { input: copy as InputDraft, secret } : { input };
}

/** Restores the complete URLs. Entries of `secret` that do not fit the input are ignored. */
export function revealSecrets(input: InputDraft, secret: SecretUrls | undefined): InputDraft {
  if (typeof secret !== "object" || secret === null || typeof input !== "object" || input === null) return input;
  const copy: Record<string, unknown> = { ...input };
  for (const [field, urls] of Object.entries(secret)) {
    const content = copy[field];
    if (field === "textUrl") copy[field] = urls?.url;
    else if (typeof content === "object" && content !== null) copy[field] = { ...content, ...urls };
  }
  return copy as InputDraft;
}
