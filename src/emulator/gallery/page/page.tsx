/** The page of the gallery. */

import { render } from "preact";
import { openSession } from "./api.js";
import { Root } from "./root.js";

const linkIn = (hash: string) => new URLSearchParams(hash.slice(1)).get("link");
const link = linkIn(location.hash);
let refusal: string | undefined;
if (link !== null) {
  history.replaceState(null, "", location.pathname); // the link is used up, and is to be in no history
  refusal = await openSession({ link });
}
// A link that is opened where the page is open already changes nothing but what is behind the "#".
addEventListener("hashchange", () => linkIn(location.hash) !== null && location.reload());
render(<Root refusal={refusal} />, document.body);
