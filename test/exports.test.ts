/** The names that the package exports. `scripts/consumers.mjs` checks the package as users get it. */

import { expect, it } from "vitest";
import * as source from "../src/index.js";

it("has the surface that is listed, and no other", () => {
  expect(Object.keys(source).sort()).toMatchSnapshot();
});
