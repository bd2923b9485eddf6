/** Secrets in the URLs of an input: taken out before the input is written to disk, and put back. */

import { redactUrl } from "../redact-urls.js";
import type { Content, InputDraft } from "./input.js";
import { mediaKinds } from "./kinds.js";

/** The whole URLs of an input whose fields show them without their signatures. */
export type SecretUrls = Record<string, { url?: string; hostedUrl?: string }>;

type WithUrl = Extract<Content, { url: string }>;

/** Takes the signatures out of an input's URLs; gives the whole URLs apart, where there are any. */
export function hideSecrets(input: InputDraft): { input: InputDraft; secret?: SecretUrls } {
  let secret: SecretUrls | undefined;
  let copy: Record<string, unknown> | undefined;
  for (const field of [...mediaKinds, "text"] as const) {
    const content = input[field];
    if (typeof content !== "object" || content === null || !("url" in content)) continue; // null: its check refuses it
    const hidden: WithUrl = { ...content };
    for (const key of ["url", "hostedUrl"] as const) {
      const whole = content[key];
      const shown = typeof whole === "string" ? redactUrl(whole) : whole;
      if (whole === undefined || shown === whole) continue;
      hidden[key] = shown as string;
      secret ??= {};
      secret[field] = { ...secret[field], [key]: whole };
      copy ??= { ...input };
      copy[field] = hidden;
    }
  }
  if (typeof input.textUrl === "string" && redactUrl(input.textUrl) !== input.textUrl) {
    secret = { ...secret, textUrl: { url: input.textUrl } };
    copy = { ...(copy ?? input), textUrl: redactUrl(input.textUrl) };
  }
  return copy && secret ? { input: copy as InputDraft, secret } : { input };
}

/** Puts the whole URLs back. What does not fit the input is ignored. */
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
