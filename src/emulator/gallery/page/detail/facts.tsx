/** What is known of the input that is open: status, concepts, datasets, metadata, and its record as the API shows it. */

import { bytesText, countText } from "../../../../core/util/format.js";
import type { ItemShape, RecordShape } from "../../shapes.js";
import { mediaUrl } from "../api.js";
import type { View } from "../state.js";

const maxRecordLength = 200_000;

interface FactsProps {
  app: number;
  item: ItemShape;
  record: RecordShape | undefined;
  onFilter: (filter: View) => void;
}

export function Facts({ app, item, record: found, onFilter }: FactsProps) {
  const { record, datasets = [], place } = found ?? {};
  const { metadata, concepts = [] } = (record?.data ?? {}) as {
    metadata?: Record<string, unknown>;
    concepts?: { id: string; name: string; value: number }[];
  };
  return (
    <div class="about">
      <p class={`state ${item.state}`}>{`${item.code} ${item.status}${item.details ? `: ${item.details}` : ""}`}</p>
      <dl>
        {concepts.length > 0 && (
          <Fact name="Concepts">
            {concepts.map(({ id, name, value }) => (
              <Chip
                key={id}
                text={name}
                more={value < 1 ? ` ${value}` : ""}
                onClick={() => onFilter({ concept: id })}
              />
            ))}
          </Fact>
        )}
        {datasets.length > 0 && (
          <Fact name="Datasets">
            {datasets.map((id) => (
              <Chip key={id} text={id} onClick={() => onFilter({ dataset: id })} />
            ))}
          </Fact>
        )}
        {place && <Fact name="Place">{`${place.latitude}, ${place.longitude}`}</Fact>}
        {item.size && <Fact name="Pixels">{`${countText(item.size[0])} × ${countText(item.size[1])}`}</Fact>}
        {item.sizeBytes > 0 && (
          <Fact name="Size">
            <span title={`${countText(item.sizeBytes)} bytes`}>{bytesText(item.sizeBytes)}</span>
          </Fact>
        )}
        {record && <Fact name="Added">{timeOf(String(record.created_at))}</Fact>}
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
      )}
      {record && (
        <details>
          <summary>Record</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and so the keyboard has to reach it */}
          <pre tabIndex={0} data-keys>
            {JSON.stringify(record, null, 2).slice(0, maxRecordLength)}
          </pre>
        </details>
      )}
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

function Chip({ text, more = "", onClick }: { text: string; more?: string; onClick: () => void }) {
  return (
    <button type="button" class="chip" title="Show all that have it" onClick={onClick}>
      <bdi>{text}</bdi>
      {more && <small>{more}</small>}
    </button>
  );
}

/** The time of this place; the one that the store wrote is to be had, too. */
function timeOf(written: string) {
  const text = new Date(written).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
  return (
    <time dateTime={written} title={written}>
      {text}
    </time>
  );
}

/** Metadata as the filters name them: those of inner objects after a dot. */
function entriesOf(metadata: Record<string, unknown>, before = ""): [key: string, value: string][] {
  return Object.entries(metadata).flatMap(([name, value]): [string, string][] => {
    const key = before + name;
    if (typeof value === "string") return [[key, value]];
    const isInner =
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
    return isInner ? entriesOf(value as Record<string, unknown>, `${key}.`) : [[key, JSON.stringify(value)]];
  });
}
