/**
 * The tables of the gallery's actions: what each action does, and for each of its inputs the outcome and the state before it. While an action can be
 * undone, the media of the inputs that it deleted stay in the store.
 */

export const actionSchema = `
CREATE TABLE IF NOT EXISTS gallery_actions (seq INTEGER PRIMARY KEY AUTOINCREMENT, app INTEGER NOT NULL, action TEXT NOT NULL, state TEXT NOT NULL, total INTEGER NOT NULL,
  position INTEGER NOT NULL DEFAULT 0, counts TEXT NOT NULL DEFAULT '{}', undo_position INTEGER NOT NULL DEFAULT 0, undo_counts TEXT NOT NULL DEFAULT '{}',
  note TEXT, taken_at TEXT NOT NULL, created_at TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS gallery_action_inputs (action INTEGER NOT NULL, position INTEGER NOT NULL, app INTEGER NOT NULL, input INTEGER NOT NULL, id TEXT NOT NULL,
  outcome TEXT, reason TEXT, before TEXT, sha256 TEXT, undo TEXT, undo_reason TEXT, PRIMARY KEY (action, position)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS gallery_action_media ON gallery_action_inputs (sha256) WHERE sha256 IS NOT NULL;
`;
