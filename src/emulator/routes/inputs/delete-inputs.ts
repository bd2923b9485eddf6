/** Routes that delete inputs. */

import { limits } from "../../../clarifai/limits.js";
import { textsIn } from "../../wire/lenient-json.js";
import { invalidRequest } from "../../wire/refusals.js";
import type { Call, Reply } from "../context.js";
import { inputOf } from "./input-rows.js";

/** DELETE …/inputs: deletes in the background. With delete_all, which the first clients send, it deletes all current inputs. */
export function deleteInputs({ services, app, body }: Call): Reply {
  const ids = textsIn(body.ids);
  if (body.delete_all === true) {
    if (ids.length > 0) throw invalidRequest("ids and delete_all exclude each other");
    services.removeLater(app, "all");
    return {};
  }
  if (ids.length === 0) throw invalidRequest("ids is empty");
  const { maxIdsPerRequest } = limits;
  if (ids.length > maxIdsPerRequest)
    throw invalidRequest(`ids has ${ids.length} items; the limit is ${maxIdsPerRequest}`);
  services.removeLater(app, ids);
  return {};
}

/** DELETE …/inputs/{id}: deletes before it answers. */
export function deleteInput(call: Call): Reply {
  call.services.removeNow(inputOf(call, call.parts[0] ?? ""));
  return {};
}
