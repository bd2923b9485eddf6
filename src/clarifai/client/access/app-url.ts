/** URLs of apps: reads the user and the app from the address of a page of the web site. */

import { OptionsError } from "../../../core/errors.js";
import { checkUrl } from "../../../core/net/guarded-fetch.js";
import { redactUrl } from "../../../core/redact-urls.js";

/** The app that a page shows. */
export interface PageApp {
  userId: string;
  appId: string;
  /** Whether the page is on the web site of the platform, and not on that of another server. */
  isPlatform: boolean;
}

const siteHosts = ["clarifai.com", "www.clarifai.com"];
/** Pages of an app that list something, and the singular of each. */
const sections: Readonly<Record<string, string>> = {
  inputs: "input",
  datasets: "dataset",
  concepts: "concept",
  models: "model",
  workflows: "workflow",
  annotations: "annotation",
};
const shape = "https://clarifai.com/USER/APP";

/** Whether a text is meant as the URL of a page. */
export function looksLikePage(text: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(text) || /^(?:www\.)?clarifai\.com(?:\/|$)/i.test(text);
}

/**
 * Reads the address of a page of the web site: `https://clarifai.com/USER/APP`, `…/USER/apps/APP`, `…/users/USER/apps/APP`, and the lists of the app's
 * inputs, datasets, concepts, models, workflows and annotations. `siteUrl` is the web site of another server.
 *
 * @throws {OptionsError} ERR_OPTIONS if the page shows something else than an app
 */
export function readAppUrl(text: string, siteUrl: string | undefined): PageApp {
  const refuse = (reason: string) => new OptionsError("ERR_OPTIONS", `connect: url: ${reason}`);
  let url: URL;
  try {
    url = checkUrl(/^(?:www\.)?clarifai\.com(?:\/|$)/i.test(text) ? `https://${text}` : text);
  } catch {
    throw refuse(`"${redactUrl(text)}" is not the address of a page such as ${shape}`);
  }
  const isPlatform = siteHosts.includes(url.host);
  if (!isPlatform && url.host !== hostOf(siteUrl)) throw refuse(foreignHost(url.host));
  const address = `${url.host}${url.pathname}`;
  if (url.search !== "" || url.hash !== "") {
    throw refuse(
      `${address} has a ${url.search === "" ? "fragment" : "query"}, which selects nothing here; leave it out`,
    );
  }
  const [userId, appId, section, id] = partsOf(url.pathname);
  if (userId === undefined || appId === undefined) {
    throw refuse(
      `${address} names ${userId === undefined ? "no user and no app" : "a user, but no app"}; pass ${shape}`,
    );
  }
  if (section === undefined) return { userId, appId, isPlatform };
  const what = sections[section];
  const app = `${url.origin}/${userId}/${appId}`;
  if (what === undefined) throw refuse(`${address} is not a page that shows an app or its inputs; pass ${app}`);
  if (id === undefined) return { userId, appId, isPlatform };
  const step = what === "dataset" ? `, and name the dataset where it is used (dataset: "${id}", --dataset ${id})` : "";
  throw refuse(`${address} names the ${what} "${id}", and a connection is to an app; pass ${app}${step}`);
}

/** Returns the parts of a path, decoded, without the words `users` and `apps` before the ids. */
function partsOf(pathname: string): string[] {
  const parts = pathname.split("/").filter((part) => part !== "");
  if (parts[0] === "users" && parts[2] === "apps") parts.splice(0, 1);
  if (parts[1] === "apps") parts.splice(1, 1);
  return parts.map((part) => {
    try {
      return decodeURIComponent(part);
    } catch {
      return part;
    }
  });
}

function foreignHost(host: string): string {
  if (host === "api.clarifai.com") return `${host} is the API, not a page; pass { userId, appId }, or ${shape}`;
  return `${host} is not the web site of the platform (${siteHosts[0]}), nor the one that CLARIFAI_UI names`;
}

/** Returns the host of a web site; without a scheme, as the official SDKs accept it. */
function hostOf(site: string | undefined): string | undefined {
  if (site === undefined) return undefined;
  const full = site.includes("://") ? site : `https://${site}`;
  return URL.canParse(full) ? new URL(full).host : undefined;
}
