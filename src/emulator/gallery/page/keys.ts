/** Distinguishes shortcuts of the page from typing. */

/** Whether a key belongs to a field, or to a combination of the browser. */
export function isTyping({ target, ctrlKey, metaKey, altKey }: KeyboardEvent): boolean {
  if (ctrlKey || metaKey || altKey) return true;
  return target instanceof Element && target.closest("input, select, textarea, video, audio, [data-keys]") !== null;
}
