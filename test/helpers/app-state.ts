/** Reads everything that an app has, in a form that two apps can be compared by. */

import { createHash } from "node:crypto";
import type { Emulator } from "../../src/emulator/index.js";
import { type App, flow, type Input, listInputs } from "../../src/index.js";

/** Returns the record of each input with the SHA-256 of its content, by id. Times and addresses of the server are left out. */
export async function stateOf(app: App): Promise<Record<string, object>> {
  const inputs = await flow(listInputs(app, { annotations: true, datasets: true })).toArray();
  const entries: [string, object][] = [];
  while (inputs.length > 0) {
    const some = inputs.splice(0, 32);
    entries.push(
      ...(await Promise.all(
        some.map(async (input): Promise<[string, object]> => [input.id, await recordOf(app, input)]),
      )),
    );
  }
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}

async function recordOf(app: App, input: Input): Promise<object> {
  const { createdAt: _, modifiedAt: __, image, video, audio, textUrl, annotations, ...rest } = input;
  const hashes = await Promise.all(
    Object.entries({ image, video, audio }).map(async ([kind, content]) => {
      if (!content) return [kind, undefined];
      const { hostedUrl } = content as { hostedUrl?: string };
      return [kind, hostedUrl === undefined ? "not stored" : await sha256Of(app, hostedUrl)];
    }),
  );
  return {
    ...rest,
    annotations: [...annotations].sort((one, other) => (String(one.id) < String(other.id) ? -1 : 1)),
    datasets: [...input.datasets].sort(),
    ...(textUrl === undefined ? {} : { textUrl: await sha256Of(app, textUrl) }),
    ...Object.fromEntries(hashes.filter(([, hash]) => hash !== undefined)),
  };
}

async function sha256Of(app: App, address: string): Promise<string> {
  const headers = app.authorize(new URL(address))?.headers ?? {};
  const response = await fetch(address, { headers });
  if (!response.ok) throw new Error(`${address}: HTTP ${response.status}`);
  return createHash("sha256")
    .update(Buffer.from(await response.arrayBuffer()))
    .digest("hex");
}

/** Returns how often each input of an app was stored. */
export function timesStored(store: Emulator, appId: string): number[] {
  return [...new Set(store.stored("me", appId).map(({ timesStored: times }) => times))];
}
