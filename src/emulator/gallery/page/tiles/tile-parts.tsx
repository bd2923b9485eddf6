/** What tiles of several kinds have. */

import type { Kind } from "../../shapes.js";

export const symbols: Record<Kind, string> = { image: "▦", video: "▶", audio: "♪", text: "¶" };

/** Stands for content that cannot be shown, or not yet. */
export function KindSign({ kind }: { kind: Kind }) {
  return (
    <span class="symbol" role="img" aria-label={kind}>
      {symbols[kind]}
    </span>
  );
}

/** How long a medium plays. */
export function Length({ kind, seconds }: { kind: Kind; seconds: number }) {
  const whole = Math.round(seconds);
  const text = Number.isFinite(seconds) ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : "";
  return (
    <span class="badge length">
      <span aria-hidden="true">{symbols[kind]}</span> {text}
    </span>
  );
}
