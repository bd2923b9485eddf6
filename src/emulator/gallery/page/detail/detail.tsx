/** The dialog with one input. It shows the data of the tile at once, and the complete record after it was loaded. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { getJson } from "../api.js";
import type { InputPages } from "../app/input-pages.js";
import { Similar } from "../similar/similar.js";
import type { View } from "../state.js";
import { symbols } from "../tiles/tile-parts.js";
import { Content } from "./content.js";
import { Facts } from "./facts.js";

interface RecordOptions {
  app: number;
  seq: number;
  /** A new version loads the record again. */
  version: number;
  problem: string;
  onFailed: (error: unknown) => void;
}

interface DetailProps extends RecordOptions {
  pages: InputPages;
  onMove: (seq: number) => void;
  onClose: () => void;
  onFilter: (filter: View) => void;
  /** Selects inputs, and closes the dialog. */
  onSelect: (seqs: readonly number[]) => void;
}

export function Detail({ pages, onMove, onClose, onFilter, onSelect, ...options }: DetailProps) {
  const { app, seq, problem } = options;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const record = useRecord(options);
  const index = pages.indexOf(seq);
  const neighbour = (step: number) => (index === undefined ? undefined : pages.item(index + step)?.seq);
  const [previous, next] = [neighbour(-1), neighbour(1)];
  const move = (to: number | undefined) => to !== undefined && onMove(to);
  const found = record === "deleted" ? undefined : record;
  const item = found?.item ?? (index === undefined ? undefined : pages.item(index));
  return (
    <dialog
      ref={dialog}
      aria-labelledby="detail-name"
      onClose={onClose}
      onKeyDown={(event) => {
        if ((event.target as Element).closest("input, select, video, audio, [data-keys]")) return;
        if (event.key === "ArrowLeft") move(previous);
        if (event.key === "ArrowRight") move(next);
      }}
    >
      <header>
        <Title item={item} />
        <span class="problem" role="alert">
          {problem}
        </span>
        {/* A disabled button would lose the focus, and with it the arrow keys. */}
        <DialogButton
          label="Previous input"
          text="←"
          isDisabled={previous === undefined}
          onClick={() => move(previous)}
        />
        <DialogButton label="Next input" text="→" isDisabled={next === undefined} onClick={() => move(next)} />
        <DialogButton label="Close" text="✕" onClick={() => dialog.current?.close()} />
      </header>
      {record === "deleted" && <p class="empty-state">This input was deleted.</p>}
      {record !== "deleted" && item && (
        <div class="facts">
          <div class="content">
            <Content key={seq} app={app} item={item} record={found} />
          </div>
          <Facts app={app} item={item} record={found} onFilter={onFilter}>
            {item.kind === "image" && item.sha256 !== undefined && (
              <Similar app={app} seq={seq} onOpen={onMove} onSelect={onSelect} />
            )}
          </Facts>
        </div>
      )}
    </dialog>
  );
}

function Title({ item }: { item: ItemShape | undefined }) {
  return (
    <h2 id="detail-name" title={item?.id}>
      <span aria-hidden="true">{item && symbols[item.kind]}</span> <bdi>{item?.id ?? "…"}</bdi>
    </h2>
  );
}

interface DialogButtonProps {
  label: string;
  text: string;
  isDisabled?: boolean;
  onClick: () => void;
}

function DialogButton({ label, text, isDisabled, onClick }: DialogButtonProps) {
  return (
    <button type="button" aria-disabled={isDisabled} aria-label={label} onClick={onClick}>
      {text}
    </button>
  );
}

/** Loads the record of an input. Undefined until the first answer. */
function useRecord({ app, seq, version, problem, onFailed }: RecordOptions): RecordShape | "deleted" | undefined {
  const [answer, setAnswer] = useState<{ seq: number; record: RecordShape | "deleted" }>();
  const isConnected = problem === "";
  useEffect(() => {
    const stop = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), seq: String(seq) });
    getJson<RecordShape>("record", parameters, stop.signal).then(
      (record) => setAnswer({ seq, record }),
      (error: Error) => {
        if (stop.signal.aborted) return;
        if (error.message === "not found") setAnswer({ seq, record: "deleted" });
        else onFailed(error);
      },
    );
    return () => stop.abort();
  }, [app, seq, version, isConnected]);
  return answer?.seq === seq ? answer.record : undefined;
}
