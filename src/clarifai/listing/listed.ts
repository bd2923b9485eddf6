/** The state of a listed input that a patch compares with. */

import type { Listed } from "../../core/accounting/tracking.js";
import type { App } from "../client/app.js";
import { type ListedAnnotation, plainAnnotation } from "../wire/annotations.js";
import type { WireInput } from "../wire/decode-answers.js";

/** Records the state of an input as it was listed from an app; `annotations` are undefined if they were not read. */
export function listedOf(app: App, wire: WireInput, annotations?: readonly ListedAnnotation[]): Listed {
  const withRegions = annotations?.map((one) => ({ ...plainAnnotation(one), regionId: one.regionId }));
  return { app: app.address, id: wire.id, data: wire.data as Listed["data"], annotations: withRegions };
}
