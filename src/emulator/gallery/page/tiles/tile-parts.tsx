/** Parts of tiles of several kinds. */

import type { Kind } from "../../../../core/input/kinds.js";

export const symbols: Record<Kind, string> = { image: "▦", video: "▶", audio: "♪", text: "¶" };

/** Replaces content that cannot be shown, or is not loaded yet. */
export function KindSign({ kind }: { kind: Kind }) {
  return (
    <span class="symbol" role="img" aria-label={kind}>
      {symbols[kind]}
    </span>
  );
}

/** The duration of a medium. */
export function Duration({ kind, seconds }: { kind: Kind; seconds: number }) {
  const whole = Math.round(seconds);
  const text = Number.isFinite(seconds) ? `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}` : "";
  return (
    <span class="badge length">
      <span aria-hidden="true">{symbols[kind]}</span> {text}
    </span>
  );
}
