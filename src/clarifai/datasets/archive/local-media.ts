/** The media of an export that an emulator on this machine wrote. */

import type { InputDraft } from "../../../core/input/input.js";
import { mediaKinds } from "../../../core/input/kinds.js";
import { isLoopbackHost } from "../../../core/net/addresses.js";
import type { App } from "../../client/app.js";

/**
 * Points the media of an input at the server of the app, if both are on this machine. An emulator has another port each time it starts, so the addresses in an
 * older export lead nowhere. The path of a medium has its content hash, so another store answers 404, not with another content.
 */
export function withLocalMedia(input: InputDraft, app: App): InputDraft {
  const server = new URL(app.baseUrl);
  if (!isLoopbackHost(server.hostname)) return input;
  const local = { ...input };
  for (const kind of [...mediaKinds, "text"] as const) {
    const content = local[kind];
    if (typeof content !== "object" || !("url" in content)) continue;
    const { url, hostedUrl } = content;
    local[kind] = {
      ...content,
      url: localUrl(url, server),
      ...(hostedUrl !== undefined && { hostedUrl: localUrl(hostedUrl, server) }),
    };
  }
  return local;
}

function localUrl(address: string, { protocol, host }: URL): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (!isLoopbackHost(url.hostname) || !url.pathname.startsWith("/media/")) return address;
  url.protocol = protocol;
  url.host = host;
  return url.href;
}
