/** Reads the parts of inputs that a listing leaves out: annotations, and the datasets that inputs are in. */

import { IdSet } from "../../core/util/id-set.js";
import { ApiError } from "../client/api-error.js";
import type { App } from "../client/app.js";
import type { AnnotationFilters } from "../client/app-types.js";
import { limits } from "../limits.js";
import type { ListedAnnotation } from "../wire/annotations.js";
import { statusCodes } from "../wire/status-codes.js";
import { numberedPages } from "./numbered-pages.js";

/** Reads the posted annotations of some inputs, without the annotation that the platform adds to every input; with `filters`, only those of some authors. */
export async function annotationsOf(
  app: App,
  ids: readonly string[],
  signal: AbortSignal,
  filters: AnnotationFilters = {},
): Promise<Map<string, ListedAnnotation[]>> {
  const byInput = new Map<string, ListedAnnotation[]>();
  for (let at = 0; at < ids.length; at += limits.maxIdsPerRequest) {
    const inputIds = ids.slice(at, at + limits.maxIdsPerRequest);
    const pages = numberedPages({
      perPage: limits.maxPerPage,
      read: (page, perPage) => app.listAnnotations({ inputIds, page, perPage, signal, ...filters }),
      keyOf: ({ inputId, id }) => `${inputId}\n${id}`,
    });
    for await (const found of pages) {
      for (const annotation of found) {
        if (annotation.inputLevel) continue;
        const list = byInput.get(annotation.inputId) ?? [];
        list.push(annotation);
        byInput.set(annotation.inputId, list);
      }
    }
  }
  // Servers list the newest first. In the order of posting, a copy of the input lists them as the original does.
  for (const list of byInput.values()) list.reverse();
  return byInput;
}

/**
 * The datasets of an app with their members. The API does not list the datasets of an input, so `read` lists the members of every dataset, 1000 to a
 * request, and keeps them as digests: 25 bytes for each membership.
 */
export class Memberships {
  readonly #members = new Map<string, IdSet>();

  static async read(app: App, signal: AbortSignal): Promise<Memberships> {
    const memberships = new Memberships();
    const datasets = numberedPages({
      perPage: limits.maxPerPage,
      read: (page, perPage) => app.listDatasets({ page, perPage, signal }),
      keyOf: ({ id }) => id,
    });
    for await (const page of datasets) {
      for (const { id } of page) memberships.#members.set(id, await membersOf(app, id, signal));
    }
    return memberships;
  }

  /** Returns the ids of the datasets that an input is in. */
  of(inputId: string): string[] {
    return [...this.#members].flatMap(([dataset, members]) => (members.has(inputId) ? [dataset] : []));
  }
}

async function membersOf(app: App, dataset: string, signal: AbortSignal): Promise<IdSet> {
  const members = new IdSet();
  const pages = numberedPages({
    perPage: limits.maxPerPage,
    read: (page, perPage) => app.listDatasetInputs(dataset, { page, perPage, signal }),
    keyOf: ({ id }) => id,
  });
  try {
    for await (const page of pages) for (const { id } of page) members.add(id);
  } catch (error) {
    // Another process deleted the dataset after it was listed, so it has no members.
    if (!(error instanceof ApiError) || error.code !== String(statusCodes.CONN_DOES_NOT_EXIST)) throw error;
  }
  return members;
}
