/** The opener of stored contents keeps the contract that openers of users keep. */

import { onTestFinished } from "vitest";
import { storedOpener, storedUri } from "../../src/clarifai/stored-content/opener.js";
import { connect, flow, fromIterable, listInputs, upload } from "../../src/index.js";
import { testOpener } from "../../src/testing/index.js";
import { smallContent } from "../helpers/small-contents.js";
import { openStore } from "../helpers/store.js";

testOpener("clarifai:", async () => {
  const { app, store } = await openStore();
  const bytes = smallContent("audio", 1);
  await flow(fromIterable([{ id: "a", audio: { bytes } }]))
    .pipe(upload(app))
    .run();
  const reader = await connect({ baseUrl: store.url, pat: "any" });
  onTestFinished(() => reader.close());
  const [input] = await flow(listInputs(app)).toArray();
  if (!input?.audio || !("url" in input.audio)) throw new Error("the listing has no URL");
  const { hostedUrl = "" } = input.audio;
  const missingUri = storedUri(hostedUrl.replace(/[0-9a-f]{64}$/, "0".repeat(64)));
  return { opener: storedOpener, uri: storedUri(hostedUrl), bytes, missingUri };
});
