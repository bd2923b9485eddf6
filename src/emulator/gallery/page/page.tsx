/** The entry of the gallery's page. */

import { render } from "preact";
import { openSession } from "./api.js";
import { Root } from "./root.js";

const linkIn = (hash: string) => new URLSearchParams(hash.slice(1)).get("link");
const link = linkIn(location.hash);
let refusal: string | undefined;
if (link !== null) {
  history.replaceState(null, "", location.pathname); // The link works once, so it does not stay in the history.
  refusal = await openSession({ link });
}
// If the page is already open, a new link changes only the part after the "#".
addEventListener("hashchange", () => linkIn(location.hash) !== null && location.reload());
render(<Root refusal={refusal} />, document.body);
