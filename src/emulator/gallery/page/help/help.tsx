/** The list of keys, which "?" opens. */

import { useEffect, useRef } from "preact/hooks";
import { isTyping } from "../keys.js";

const keys: readonly [where: string, keys: readonly [key: string, effect: string][]][] = [
  [
    "Everywhere",
    [
      ["?", "Show the keys"],
      ["/", "Search"],
      ["Tab", "Go to the next control"],
      ["Esc", "Close"],
    ],
  ],
  [
    "Grid",
    [
      ["← → ↑ ↓", "Go to another input"],
      ["Page Up, Page Down", "Scroll by a page"],
      ["Home, End", "Go to the first or last input"],
      ["Enter", "Open the input"],
      ["X", "Select the input, or leave it out"],
      ["Shift + ← → ↑ ↓", "Select a range"],
      ["Ctrl + A", "Select all inputs that match"],
      ["Esc", "Clear the selection"],
      ["Delete", "Delete the selected inputs"],
    ],
  ],
  [
    "Open input",
    [
      ["← →", "Go to the previous or next input"],
      ["+ −", "Zoom in or out"],
      ["0", "Show the whole image"],
      ["Shift + ← → ↑ ↓", "Move the enlarged image"],
      ["L", "Show or hide the labels"],
      ["R", "Show or hide the regions"],
    ],
  ],
];

export function Help() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => dialog.current?.open || dialog.current?.showModal();
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "?" || isTyping(event)) return;
      event.preventDefault();
      open();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <button type="button" class="help-button" aria-label="Keys" title="Keys (?)" onClick={open}>
        ?
      </button>
      <dialog ref={dialog} class="help" aria-labelledby="help-title">
        <header>
          <h2 id="help-title">Keys</h2>
          <button type="button" aria-label="Close" onClick={() => dialog.current?.close()}>
            ✕
          </button>
        </header>
        <div class="help-lists">
          {keys.map(([where, list]) => (
            <section key={where}>
              <h3>{where}</h3>
              <dl>
                {list.map(([key, effect]) => (
                  <>
                    <dt>
                      <kbd>{key}</kbd>
                    </dt>
                    <dd>{effect}</dd>
                  </>
                ))}
              </dl>
            </section>
          ))}
        </div>
      </dialog>
    </>
  );
}
