/** The dialog with one input. It shows the data of the tile at once, and the complete record after it was loaded. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { getJson } from "../api.js";
import type { InputPages } from "../app/input-pages.js";
import { isTyping } from "../keys.js";
import { Similar } from "../similar/similar.js";
import type { View } from "../state.js";
import { symbols } from "../tiles/tile-parts.js";
import { Content } from "./content.js";
import { Facts } from "./facts.js";

interface RecordOptions {
  app: number;
  /** The id, or the number of an input whose id is not known. */
  id: string | undefined;
  seq: string | undefined;
  /** A new version loads the record again. */
  version: number;
  problem: string;
  onFailed: (error: unknown) => void;
}

interface DetailProps extends RecordOptions {
  pages: InputPages;
  onMove: (id: string) => void;
  onClose: () => void;
  onFilter: (filter: View) => void;
  /** Selects inputs, and closes the dialog. */
  onSelect: (seqs: readonly number[]) => void;
}

export function Detail({ pages, onMove, onClose, onFilter, onSelect, ...options }: DetailProps) {
  const { app, id, seq, problem } = options;
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const record = useRecord(options);
  const index = pages.indexOf(id ?? Number(seq));
  const neighbour = (step: number) => (index === undefined ? undefined : pages.item(index + step)?.id);
  const [previous, next] = [neighbour(-1), neighbour(1)];
  const move = (to: string | undefined) => to !== undefined && onMove(to);
  const found = record === "deleted" ? undefined : record;
  const item = found?.item ?? (index === undefined ? undefined : pages.item(index));
  useEffect(() => {
    if (id === undefined && item) onMove(item.id);
  }, [id, item?.id]);
  return (
    <dialog
      ref={dialog}
      aria-labelledby="detail-name"
      onClose={onClose}
      onKeyDown={(event) => {
        if (isTyping(event) || event.shiftKey) return;
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
      {record === "deleted" && <p class="empty-state">This input does not exist. It may have been deleted.</p>}
      {record !== "deleted" && item && (
        <div class="facts">
          <div class="content">
            <Content key={item.seq} app={app} item={item} record={found} />
          </div>
          <Facts app={app} item={item} record={found} onFilter={onFilter}>
            {item.kind === "image" && item.sha256 !== undefined && (
              <Similar app={app} seq={item.seq} onOpen={onMove} onSelect={onSelect} />
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
      <span aria-hidden="true">{item && symbols[item.kind]}</span> <bdi>{item?.name ?? item?.id ?? "…"}</bdi>
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
function useRecord({ app, id, seq, version, problem, onFailed }: RecordOptions): RecordShape | "deleted" | undefined {
  const [answer, setAnswer] = useState<{ of: string; record: RecordShape | "deleted" }>();
  const of = id === undefined ? `seq ${seq}` : `id ${id}`;
  const isConnected = problem === "";
  useEffect(() => {
    const stop = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), ...(id === undefined ? { seq: seq ?? "" } : { id }) });
    getJson<RecordShape>("record", parameters, stop.signal).then(
      (record) => setAnswer({ of, record }),
      (error: Error) => {
        if (stop.signal.aborted) return;
        if (error.message === "not found") setAnswer({ of, record: "deleted" });
        else onFailed(error);
      },
    );
    return () => stop.abort();
  }, [app, of, version, isConnected]);
  return answer?.of === of ? answer.record : undefined;
}
