/** The facts about the open input: status, concepts, datasets, metadata, and its record from the API. */

import { contentHashKey } from "../../../../clarifai/wire/content-hash-key.js";
import { bytesText, countText } from "../../../../core/util/format/format.js";
import type { ItemShape, PartShape, RecordShape } from "../../shapes.js";
import { mediaUrl } from "../api.js";
import { linkTo, type View } from "../state.js";

const maxRecordLength = 200_000;

interface FactsProps {
  app: number;
  item: ItemShape;
  record: RecordShape | undefined;
  onFilter: (filter: View) => void;
  /** More facts, above the record. */
  children?: preact.ComponentChildren;
}

interface RecordData {
  metadata?: Record<string, unknown>;
  concepts?: { id: string; name: string; value: number }[];
}

export function Facts({ app, item, record: found, onFilter, children }: FactsProps) {
  const { record, datasets = [], parts = [], location } = found ?? {};
  const { metadata, concepts = [] } = (record?.data ?? {}) as RecordData;
  return (
    <div class="about">
      <p class={`state ${item.state}`} title={`${item.status} (${item.code})`}>
        {item.state === "failed" ? `failed: ${item.status}${item.details ? `: ${item.details}` : ""}` : item.state}
      </p>
      <dl>
        <Fact name="Id">
          <a href={linkTo(item.id)} title="Link to this input">
            <bdi>{item.id}</bdi>
          </a>
        </Fact>
        {concepts.length > 0 && <Concepts concepts={concepts} onFilter={onFilter} />}
        {datasets.length > 0 && (
          <Fact name="Datasets">
            {datasets.map((id) => (
              <Chip key={id} text={id} onClick={() => onFilter({ dataset: [id] })} />
            ))}
          </Fact>
        )}
        {parts.length > 0 && <Parts parts={parts} />}
        {location && <Fact name="Location">{`${location.latitude}, ${location.longitude}`}</Fact>}
        {item.size && <Fact name="Pixels">{`${countText(item.size[0])} × ${countText(item.size[1])}`}</Fact>}
        {item.sizeBytes > 0 && (
          <Fact name="Size">
            <span title={`${countText(item.sizeBytes)} bytes`}>{bytesText(item.sizeBytes)}</span>
          </Fact>
        )}
        {record && (
          <Fact name="Added">
            <LocalTime time={String(record.created_at)} />
          </Fact>
        )}
        {item.sha256 && (
          <Fact name="Original">
            <a href={mediaUrl(app, item.sha256)} download={item.name ?? item.id}>
              Download
            </a>
          </Fact>
        )}
      </dl>
      <Metadata metadata={shownOf(metadata)} />
      {children}
      {record && <JsonRecord record={record} />}
    </div>
  );
}

function Concepts({
  concepts,
  onFilter,
}: { concepts: NonNullable<RecordData["concepts"]> } & Pick<FactsProps, "onFilter">) {
  return (
    <Fact name="Concepts">
      {concepts.map(({ id, name, value }) => (
        <Chip key={id} text={name} more={value < 1 ? ` ${value}` : ""} onClick={() => onFilter({ concept: [id] })} />
      ))}
    </Fact>
  );
}

/** Names the annotations of parts of a text, a video or an audio. */
function Parts({ parts }: { parts: readonly PartShape[] }) {
  return (
    <Fact name="Annotations">
      <ul class="parts">
        {parts.map(({ text, concepts }, index) => (
          <li key={index}>
            {text} <bdi>{concepts.join(", ")}</bdi>
          </li>
        ))}
      </ul>
    </Fact>
  );
}

/** Leaves out the hash of the content, which Sluice keeps for itself; the record has it. */
function shownOf({ [contentHashKey]: _, ...metadata }: Record<string, unknown> = {}): Record<string, unknown> {
  return metadata;
}

function Metadata({ metadata }: { metadata: Record<string, unknown> }) {
  if (Object.keys(metadata).length === 0) return null;
  return (
    <table>
      <caption>Metadata</caption>
      <tbody>
        {entriesOf(metadata).map(([key, value]) => (
          <tr key={key}>
            <th scope="row">
              <bdi>{key}</bdi>
            </th>
            <td>
              <bdi>{value}</bdi>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function JsonRecord({ record }: { record: Record<string, unknown> }) {
  return (
    <details>
      <summary>Record</summary>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: the record scrolls, so the keyboard must reach it */}
      <pre tabIndex={0} data-keys>
        {JSON.stringify(record, null, 2).slice(0, maxRecordLength)}
      </pre>
    </details>
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

function Chip({ text, more = "", onClick }: { text: string; more?: string; onClick: () => void }) {
  return (
    <button type="button" class="chip" title="Show all inputs with this value" onClick={onClick}>
      <bdi>{text}</bdi>
      {more && <small>{more}</small>}
    </button>
  );
}

/** A time in the time zone of the browser. Its title is the time as it was stored. */
function LocalTime({ time }: { time: string }) {
  const text = new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <time dateTime={time} title={time}>
      {text}
    </time>
  );
}

/** Flattens metadata into keys as the filters name them: the keys of nested objects follow a dot. */
function entriesOf(metadata: Record<string, unknown>, prefix = ""): [key: string, value: string][] {
  return Object.entries(metadata).flatMap(([name, value]): [string, string][] => {
    const key = prefix + name;
    if (typeof value === "string") return [[key, value]];
    const isNested =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return isNested ? entriesOf(value as Record<string, unknown>, `${key}.`) : [[key, JSON.stringify(value)]];
  });
}
