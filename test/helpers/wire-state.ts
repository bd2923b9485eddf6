/** Reads the records of an app as the server sends them, with plain requests: a comparison of two apps that does not trust the code under test. */

import { isEmpty, isObject, type Json, type JsonObject } from "../../src/core/util/json/json-values.js";

const perPage = 500;
/** Fields that the server sets anew in each app: times, the app of a concept, and where the bytes are stored. */
const serverFields = new Set(["created_at", "modified_at", "app_id", "hosted", "req_id"]);

/** Every field of an app that a copy or an undo must preserve. Addresses of stored contents are reduced to their kind and their SHA-256. */
export interface WireState {
  /** By id. */
  inputs: Record<string, Json>;
  /** By input, then by id. "input level" stands for the id of the annotation that the server adds to every input. */
  annotations: Record<string, Record<string, Json>>;
  /** Ids of the inputs of each dataset, sorted. */
  datasets: Record<string, string[]>;
  /** Names by id. */
  concepts: Record<string, Json>;
}

/** Returns the state of an app of the user "me". `ignored` are names of further fields to leave out. */
export async function wireStateOf(
  serverUrl: string,
  appId = "main",
  ignored: readonly string[] = [],
): Promise<WireState> {
  const isIgnored = new Set([...serverFields, ...ignored]);
  const comparable = (value: Json) => comparableTo(value, isIgnored);
  const app = `${serverUrl}/v2/users/me/apps/${appId}`;
  const state: WireState = { inputs: {}, annotations: {}, datasets: {}, concepts: {} };
  for (const input of await all(app, "inputs", "inputs")) state.inputs[String(input.id)] = comparable(input);
  for (const one of await all(app, "annotations", "annotations", "&list_all_annotations=true")) {
    const { id, ...rest } = one;
    const ofInput = (state.annotations[String(one.input_id)] ??= {});
    ofInput[one.input_level === true ? "input level" : String(id)] = comparable(rest);
  }
  for (const { id } of await all(app, "datasets", "datasets")) {
    const members = await all(app, `datasets/${encodeURIComponent(String(id))}/inputs`, "dataset_inputs");
    state.datasets[String(id)] = members.map(({ input }) => String((input as JsonObject).id)).sort();
  }
  for (const { id, name } of await all(app, "concepts", "concepts")) state.concepts[String(id)] = name as Json;
  return state;
}

async function all(app: string, path: string, list: string, query = ""): Promise<JsonObject[]> {
  const items: JsonObject[] = [];
  for (let page = 1; ; page += 1) {
    const response = await fetch(`${app}/${path}?page=${page}&per_page=${perPage}${query}`, {
      headers: { authorization: "Key any" },
    });
    const answer = (await response.json()) as JsonObject;
    if (!response.ok) throw new Error(`${path}: HTTP ${response.status} ${JSON.stringify(answer.status)}`);
    const some = (answer[list] ?? []) as JsonObject[];
    items.push(...some);
    if (some.length < perPage) return items;
  }
}

function comparableTo(value: Json, ignored: ReadonlySet<string>): Json {
  if (Array.isArray(value)) return value.map((item) => comparableTo(item, ignored));
  if (typeof value === "string") return value.replace(/^http:.*\/media\/orig\/.*\/inputs\//, "stored ");
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      // The API cannot remove free data, only empty them.
      const isEmptied = key === "annotation_info" && isObject(inner) && isEmpty(inner);
      // The server gives a region that is added again another id.
      const isRegionId = key === "id" && value.region_info !== undefined && /^[0-9a-f]{32}$/.test(String(inner));
      return ignored.has(key) || isEmptied || isRegionId ? [] : [[key, comparableTo(inner, ignored)]];
    }),
  );
}
