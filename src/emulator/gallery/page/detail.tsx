/** One input with all that there is of it. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { RecordShape } from "../shapes.js";
import { ask, mediaUrl, pictureUrl } from "./api.js";
import type { InputPages } from "./input-pages.js";
import { colourOf, Shapes } from "./shapes-overlay.js";
import type { View } from "./state.js";
import { symbols } from "./tile.js";

interface DetailProps {
  app: number;
  seq: number;
  pages: InputPages;
  version: number;
  onMove: (seq: number) => void;
  onClose: () => void;
  onFilter: (filter: View) => void;
  onFailed: (error: unknown) => void;
}

export function Detail({ app, seq, pages, version, onMove, onClose, onFilter, onFailed }: DetailProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [record, setRecord] = useState<RecordShape | "gone">();
  useEffect(() => dialog.current?.showModal(), []);
  useEffect(() => {
    const asked = new AbortController();
    const parameters = new URLSearchParams({ app: String(app), seq: String(seq) });
    ask<RecordShape>("record", parameters, asked.signal).then(setRecord, (error: Error) => {
      if (asked.signal.aborted) return;
      if (error.message === "not found") setRecord("gone");
      else onFailed(error);
    });
    return () => asked.abort();
  }, [app, seq, version]);

  const index = pages.indexOf(seq);
  const neighbour = (step: number) => (index === undefined ? undefined : pages.item(index + step)?.seq);
  const [before, after] = [neighbour(-1), neighbour(1)];
  const go = (to: number | undefined) => to !== undefined && onMove(to);
  const there = record === "gone" || record?.item.seq !== seq ? undefined : record;
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
        <h2 id="detail-name">
          <span aria-hidden="true">{there ? symbols[there.item.kind] : ""}</span> <bdi>{there?.item.id ?? "…"}</bdi>
        </h2>
        <button type="button" disabled={before === undefined} aria-label="Previous input" onClick={() => go(before)}>
          ←
        </button>
        <button type="button" disabled={after === undefined} aria-label="Next input" onClick={() => go(after)}>
          →
        </button>
        <button type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
          ✕
        </button>
      </header>
      {record === "gone" && <p class="nothing">This input is not there any more.</p>}
      {there && <Facts app={app} shown={there} onFilter={onFilter} />}
    </dialog>
  );
}

function Facts({ app, shown, onFilter }: { app: number; shown: RecordShape; onFilter: (filter: View) => void }) {
  const { item, record, datasets, place, sizeBytes } = shown;
  const { metadata, concepts = [] } = (record.data ?? {}) as {
    metadata?: Record<string, unknown>;
    concepts?: { id: string; name: string; value: number }[];
  };
  return (
    <div class="facts">
      <div class="shown">
        <Content key={item.seq} app={app} shown={shown} />
      </div>
      <div class="about">
        <p class={`state ${item.state}`}>{`${item.code} ${item.status}${item.details ? `: ${item.details}` : ""}`}</p>
        <dl>
          {concepts.length > 0 && (
            <Fact name="Concepts">
              {concepts.map(({ id, name, value }) => (
                <button key={id} type="button" class="chip" onClick={() => onFilter({ concept: id })}>
                  <bdi>{name}</bdi>
                  {value < 1 && <small> {value}</small>}
                </button>
              ))}
            </Fact>
          )}
          {datasets.length > 0 && (
            <Fact name="Datasets">
              {datasets.map((id) => (
                <button key={id} type="button" class="chip" onClick={() => onFilter({ dataset: id })}>
                  <bdi>{id}</bdi>
                </button>
              ))}
            </Fact>
          )}
          {place && <Fact name="Place">{`${place.latitude}, ${place.longitude}`}</Fact>}
          {sizeBytes > 0 && <Fact name="Size">{`${sizeBytes.toLocaleString("en")} bytes`}</Fact>}
          <Fact name="Added">{String(record.created_at)}</Fact>
          {item.sha256 && (
            <Fact name="Original">
              <a href={mediaUrl(app, item.sha256)} download={item.id}>
                Download
              </a>
            </Fact>
          )}
        </dl>
        {metadata && (
          <table>
            <caption>Metadata</caption>
            <tbody>
              {Object.entries(metadata).map(([key, value]) => (
                <tr key={key}>
                  <th scope="row">
                    <bdi>{key}</bdi>
                  </th>
                  <td>
                    <bdi>{typeof value === "string" ? value : JSON.stringify(value)}</bdi>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        <details>
          <summary>Record</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so the keyboard has to reach it */}
          <pre tabIndex={0} data-keys>
            {JSON.stringify(record, null, 2).slice(0, 200_000)}
          </pre>
        </details>
      </div>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Content({ app, shown: { item, text, textIsCut } }: { app: number; shown: RecordShape }) {
  const [size, setSize] = useState<[number, number]>();
  const [drawn, setDrawn] = useState(true);
  if (text !== undefined) {
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so the keyboard has to reach it
      <pre class="text" tabIndex={0} data-keys>
        <bdi>{text}</bdi>
        {textIsCut && "\n… it goes on"}
      </pre>
    );
  }
  if (item.sha256 === undefined) return <span class="symbol">{symbols[item.kind]}</span>;
  // biome-ignore lint/a11y/useMediaCaption: what was uploaded has none
  if (item.kind === "video") return <video src={mediaUrl(app, item.sha256)} controls preload="metadata" />;
  // biome-ignore lint/a11y/useMediaCaption: what was uploaded has none
  if (item.kind === "audio") return <audio src={mediaUrl(app, item.sha256)} controls preload="metadata" />;
  return (
    <>
      <div class="view" style={size && { "--ratio": size[0] / size[1] }}>
        <img
          src={pictureUrl(app, "view", item.sha256)}
          alt={item.id}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) => setSize([naturalWidth, naturalHeight])}
        />
        {size && drawn && (
          <>
            <Shapes regions={item.regions} size={size} />
            {item.regions.map((region, index) => {
              const [x, y] = region.box ?? region.polygon?.[0] ?? [0, 0];
              return (
                <bdi key={index} class={`mark ${colourOf(region)}`} style={{ left: `${x * 100}%`, top: `${y * 100}%` }}>
                  {region.concepts.join(", ")}
                </bdi>
              );
            })}
          </>
        )}
      </div>
      {item.regions.length > 0 && (
        <label class="drawn">
          <input type="checkbox" checked={drawn} onChange={(event) => setDrawn(event.currentTarget.checked)} />
          {` ${item.regions.length} drawn`}
        </label>
      )}
    </>
  );
}
