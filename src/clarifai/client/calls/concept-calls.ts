/** The calls for the concepts of an app, added to those for annotations. */

import type { Concept } from "../../../core/input/input.js";
import { conceptsFromWire } from "../../wire/decode-answers.js";
import type { PageOptions } from "../app-types.js";
import { AnnotationCalls } from "./annotation-calls.js";

export class ConceptCalls extends AnnotationCalls {
  /** Lists one page of the concepts of the app. */
  async listConcepts(options: PageOptions = {}): Promise<Concept[]> {
    const query = { page: options.page, per_page: options.perPage };
    const { json } = await this.call("GET", "/concepts", { query, signal: options.signal });
    return conceptsFromWire(json.concepts);
  }

  /** Adds concepts to the app. */
  async postConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.call("POST", "/concepts", { json, signal });
  }

  /** Renames concepts in the whole app. Overwrite is the API's only action for concepts. */
  async patchConcepts(concepts: readonly Concept[], signal?: AbortSignal): Promise<void> {
    const json = { action: "overwrite", concepts: concepts.map(({ id, name }) => ({ id, name: name ?? id })) };
    await this.call("PATCH", "/concepts", { json, signal });
  }
}
