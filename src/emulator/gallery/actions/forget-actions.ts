/** Forgets actions that can no longer be undone, and deletes the files that only they kept. */

import type { MediaFiles } from "../../media/media-files.js";
import type { AppRow } from "../../store/model.js";
import type { Store } from "../../store/store.js";

/** The latest actions of an app that can be undone. */
const maxActions = 20;
/** An action can be undone for this time. */
const maxAgeDays = 7;

/** Forgets the actions of all apps that are too old, and those of one app that are too many. */
export function forgetOldActions(store: Store, files: MediaFiles, app?: AppRow): void {
  const oldest = new Date(Date.now() - maxAgeDays * 86_400_000).toISOString();
  const sql = `SELECT seq FROM gallery_actions WHERE state NOT IN ('running', 'undoing') AND (created_at < ?
    OR seq IN (SELECT seq FROM gallery_actions WHERE app = ? ORDER BY seq DESC LIMIT -1 OFFSET ?))`;
  for (const { seq } of store.all<{ seq: number }>(sql, oldest, app?.seq ?? null, maxActions))
    forgetAction(store, files, seq);
}

/** Forgets an action. Rows are deleted before files, as in every deletion. */
export function forgetAction(store: Store, files: MediaFiles, seq: number): void {
  const media = store.transaction(() => {
    const sql = "SELECT DISTINCT sha256 FROM gallery_action_inputs WHERE action = ? AND sha256 IS NOT NULL";
    const held = store.all<{ sha256: string }>(sql, seq).map(({ sha256 }) => sha256);
    store.run("DELETE FROM gallery_action_inputs WHERE action = ?", seq);
    store.run("DELETE FROM gallery_actions WHERE seq = ?", seq);
    return held;
  });
  for (const sha256 of media) if (!store.usesMedia(sha256)) files.remove(sha256);
}
