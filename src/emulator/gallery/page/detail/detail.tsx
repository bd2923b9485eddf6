/** One input with all that there is of it. What the grid knows is shown at once, the rest when it has come. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RecordShape } from "../../shapes.js";
import { ask } from "../api.js";
import type { InputPages } from "../input-pages.js";
import type { View } from "../state.js";
import { symbols } from "../tiles/tile-parts.js";
import { Content } from "./content.js";
import { Facts } from "./facts.js";

interface DetailProps {
  app: number;
  seq: number;
  pages: InputPages;
  version: number;
  problem: string;
  onMove: (seq: number) => void;
  onClose: () => void;
  onFilter: (filter: View) => void;
  onFailed: (error: unknown) => void;
}

export function Detail({ app, seq, pages, version, problem, onMove, onClose, onFilter, onFailed }: DetailProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [answer, setAnswer] = useState<{ seq: number; record: RecordShape | "gone" }>();
  const isAnswering = problem === "";
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const off = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), seq: String(seq) });
    ask<RecordShape>("record", parameters, off.signal).then(
      (record) => setAnswer({ seq, record }),
      (error: Error) => {
        if (off.signal.aborted) return;
        if (error.message === "not found") setAnswer({ seq, record: "gone" });
        else onFailed(error);
      },
    );
    return () => off.abort();
  }, [app, seq, version, isAnswering]);

  const index = pages.indexOf(seq);
  const neighbour = (step: number) => (index === undefined ? undefined : pages.item(index + step)?.seq);
  const [before, after] = [neighbour(-1), neighbour(1)];
  const go = (to: number | undefined) => to !== undefined && onMove(to);
  const record = answer?.seq === seq ? answer.record : undefined;
  const found = record === "gone" ? undefined : record;
  const item = found?.item ?? (index === undefined ? undefined : pages.item(index));
  return (
    <dialog
      ref={dialog}
      aria-labelledby="detail-name"
      onClose={onClose}
      onKeyDown={(event) => {
        if ((event.target as Element).closest("input, select, video, audio, [data-keys]")) return;
        if (event.key === "ArrowLeft") go(before);
        if (event.key === "ArrowRight") go(after);
      }}
    >
      <header>
        <h2 id="detail-name" title={item?.id}>
          <span aria-hidden="true">{item && symbols[item.kind]}</span> <bdi>{item?.id ?? "…"}</bdi>
        </h2>
        <span class="problem" role="alert">
          {problem}
        </span>
        {/* A disabled button would lose the focus, and the arrow keys with it. */}
        <button
          type="button"
          aria-disabled={before === undefined}
          aria-label="Previous input"
          onClick={() => go(before)}
        >
          ←
        </button>
        <button type="button" aria-disabled={after === undefined} aria-label="Next input" onClick={() => go(after)}>
          →
        </button>
        <button type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {record === "gone" ? (
        <p class="nothing">This input is not there any more.</p>
      ) : (
        item && (
          <div class="facts">
            <div class="shown">
              <Content key={seq} app={app} item={item} record={found} />
            </div>
            <Facts app={app} item={item} record={found} onFilter={onFilter} />
          </div>
        )
      )}
    </dialog>
  );
}
