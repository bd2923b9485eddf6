/** The calls for annotations, added to those for inputs. */

import type { Annotation } from "../../../core/input/input.js";
import { annotationFromWire, annotationToWire, type ListedAnnotation } from "../../wire/annotations.js";
import type { AnnotationFilters, ItemStatus, PageOptions, PatchAction } from "../app-types.js";
import { InputCalls } from "./input-calls.js";

export class AnnotationCalls extends InputCalls {
  /** Adds annotations, at most 128, each with the id of its input. Returns the status of each. */
  async postAnnotations(
    items: readonly { inputId: string; annotation: Annotation }[],
    signal?: AbortSignal,
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, annotation }) => annotationToWire(inputId, annotation));
    const ids = items.map(({ annotation }) => annotation.id ?? "");
    return this.items("POST", "/annotations", "annotations", ids, { json: { annotations }, signal });
  }

  /** Lists one page of annotations: of some inputs, of some pairs of input id and annotation id, or of the app. */
  async listAnnotations(
    options: PageOptions &
      AnnotationFilters & { inputIds?: readonly string[] | undefined; ids?: readonly string[] | undefined } = {},
  ): Promise<ListedAnnotation[]> {
    const query = {
      ...{ input_ids: options.inputIds, ids: options.ids, page: options.page, per_page: options.perPage },
      ...{ user_ids: options.userIds, model_version_ids: options.modelVersionIds },
      ...{ workflow_version_ids: options.workflowVersionIds, task_id: options.taskId },
      ...(options.all ? { list_all_annotations: "true" } : {}),
    };
    return this.list("/annotations", "annotations", { query, signal: options.signal }, annotationFromWire);
  }

  /** Changes annotations. `regionId` keeps the id of the region that an overwrite replaces. Returns the status of each. */
  async patchAnnotations(
    items: readonly { inputId: string; annotation: Annotation; regionId?: string | undefined }[],
    action: PatchAction,
    options: { deleteIfEmpty?: boolean | undefined; signal?: AbortSignal | undefined } = {},
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, annotation, regionId }) =>
      annotationToWire(inputId, annotation, regionId),
    );
    const json = { annotations, action, ...(options.deleteIfEmpty ? { delete_if_empty_data: true } : {}) };
    const ids = items.map(({ annotation }) => annotation.id ?? "");
    return this.items("PATCH", "/annotations", "annotations", ids, { json, signal: options.signal });
  }

  /** Gives annotations a state, and leaves their data. Returns the status of each, which is its state. */
  async patchAnnotationStatuses(
    items: readonly { inputId: string; id: string }[],
    code: number,
    signal?: AbortSignal,
  ): Promise<ItemStatus[]> {
    const annotations = items.map(({ inputId, id }) => ({ id, input_id: inputId, status: { code } }));
    const ids = items.map(({ id }) => id);
    return this.items("PATCH", "/annotations", "annotations", ids, { json: { annotations, action: "merge" }, signal });
  }

  /** Deletes all annotations of the inputs; with `ids`, the annotation `ids[i]` of each input `inputIds[i]`. */
  async deleteAnnotations(inputIds: readonly string[], ids?: readonly string[], signal?: AbortSignal): Promise<void> {
    const json = { input_ids: inputIds, ...(ids ? { ids } : {}) };
    await this.call("DELETE", "/inputs/annotations", { json, signal });
  }
}
