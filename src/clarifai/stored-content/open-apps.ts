/** The connections of this process, whose credentials read the contents that their apps store. */

import type { Credential } from "../../core/accounting/clients.js";
import type { App } from "../client/app.js";

const openApps = new Set<App>();

/** Lets the contents of an app be read until the app is closed. Returns the app. */
export function addOpenApp(app: App): App {
  openApps.add(app);
  app.onClose(() => openApps.delete(app));
  return app;
}

/** Finds the credential for a URL among the open connections: that of the app which owns the URL, else of another app of the same server. */
export function credentialFor(url: URL): Credential | undefined {
  const credentials = [...openApps].flatMap((app) => app.authorize(url) ?? []);
  return credentials.find(({ isOwner }) => isOwner) ?? credentials[0];
}
