/** The form of an action: what to do, and the button that names the number of inputs. */

import { useState } from "preact/hooks";
import { countText } from "../../../../core/util/format/format.js";
import type { ActionRequest, SelectionShape } from "../../actions/shapes.js";
import type { FacetsShape } from "../../shapes.js";
import { inputsText } from "./action-text.js";
import { Dialog } from "./dialog.js";
import { DatasetFields, type Draft, LabelFields, TagFields } from "./form-fields.js";

export type FormKind = "label" | "tag" | "dataset" | "delete";

/** A form with the selection that its action will work on. */
export interface OpenForm {
  kind: FormKind;
  selection: SelectionShape;
  /** Number of inputs that the page showed as selected. */
  shown: number;
}

interface ActionFormProps extends OpenForm {
  facets: FacetsShape | undefined;
  onStart: (action: ActionRequest) => Promise<void>;
  onClose: () => void;
}

const titles: Record<FormKind, string> = { label: "Label", tag: "Tag", dataset: "Dataset of", delete: "Delete" };

export function ActionForm({ kind, selection, shown, facets, onStart, onClose }: ActionFormProps) {
  const { count } = selection;
  const [draft, setDraft] = useState<Draft>(kind === "delete" ? { action: { kind } } : {});
  const [problem, setProblem] = useState("");
  const [isSending, setSending] = useState(false);
  const { action } = draft;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (!action || isSending) return;
    setSending(true);
    try {
      await onStart(action);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      setSending(false);
    }
  };
  return (
    <Dialog title={`${titles[kind]} ${inputsText(count)}`} onClose={onClose}>
      <form onSubmit={submit}>
        <Difference selection={selection} shown={shown} />
        {kind === "label" && <LabelFields facets={facets} onChange={setDraft} />}
        {kind === "tag" && <TagFields facets={facets} onChange={setDraft} />}
        {kind === "dataset" && <DatasetFields facets={facets} onChange={setDraft} />}
        {kind === "delete" && (
          <p>
            The inputs leave the app with their annotations. You can undo this for 7 days, while it is among the 20
            latest changes.
          </p>
        )}
        <p class="problem" role="alert">
          {problem}
        </p>
        <p class="buttons">
          <button type="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class={kind === "delete" ? "danger" : "primary"}
            disabled={!action || count === 0 || isSending}
          >
            {`${verbOf(action?.kind)} ${inputsText(count)}`}
          </button>
        </p>
      </form>
    </Dialog>
  );
}

/** Says how the recorded selection differs from the number that the page showed. */
function Difference({ selection: { count, gone, goneIds }, shown }: Pick<OpenForm, "selection" | "shown">) {
  if (gone > 0) {
    const names = `${goneIds.join(", ")}${gone > goneIds.length ? " …" : ""}`;
    return <p class="notable">{`${countText(gone)} of the selected inputs no longer exist: ${names}`}</p>;
  }
  if (count === shown) return null;
  return <p class="notable">{`${inputsText(shown)} were shown as selected; ${inputsText(count)} match now.`}</p>;
}

function verbOf(kind: ActionRequest["kind"] | undefined): string {
  if (kind === "delete") return "Delete";
  if (kind === "set-metadata") return "Set for";
  if (kind === "add-to-dataset") return "Add";
  if (kind === "remove-from-dataset") return "Remove";
  if (kind === "add-concept") return "Add to";
  return kind === undefined ? "Apply to" : "Remove from";
}
