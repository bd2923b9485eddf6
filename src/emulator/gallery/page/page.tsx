/** The page of the gallery. */

import { render } from "preact";
import { openSession } from "./api.js";
import { Root } from "./root.js";

const link = new URLSearchParams(location.hash.slice(1)).get("link");
let refusal: string | undefined;
if (link !== null) {
  history.replaceState(null, "", location.pathname); // the link is used up, and is to be in no history
  refusal = await openSession({ link });
}
render(<Root refusal={refusal} />, document.body);
