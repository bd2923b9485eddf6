/** States in an undo file: an input, or the names of concepts. */

import type { Annotation, Concept, GeoPoint, Json, MediaKind } from "../../core/input/input.js";
import type { ManifestFile } from "../../formats/manifest/line.js";

/** What is needed to bring an input back to its state. */
export interface InputState {
  id: string;
  /** When the platform created it. If an input with this id has another time, it has been deleted and added again. */
  createdAt?: string | undefined;
  /** Kind of its media. */
  kind?: MediaKind | undefined;
  text?: string | undefined;
  /** The kept file of its media, or of its text if the platform has that as a file; its path is relative to the folder of kept files. */
  file?: ManifestFile | undefined;
  concepts: readonly Concept[];
  metadata: { readonly [key: string]: Json };
  geo?: GeoPoint | undefined;
  annotations: readonly Annotation[];
  datasets: readonly string[];
}

/** Names of concepts in an app. */
export interface ConceptNames {
  concepts: readonly Concept[];
}

export function isInputState(state: InputState | ConceptNames): state is InputState {
  return "id" in state;
}
