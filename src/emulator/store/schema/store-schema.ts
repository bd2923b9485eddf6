/**
 * The tables of the store. Each has the rows of all apps; `app` is the number of the app. Earlier versions had the index `inputs_sha`, which contained
 * texts, too.
 */

export const schema = `
CREATE TABLE IF NOT EXISTS apps (seq INTEGER PRIMARY KEY, user TEXT NOT NULL, id TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (user, id));
CREATE TABLE IF NOT EXISTS app_fields (app INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS inputs (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, app INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, media TEXT NOT NULL, fields TEXT NOT NULL,
  sha256 TEXT, size_bytes INTEGER NOT NULL DEFAULT 0, url TEXT, status INTEGER NOT NULL, details TEXT, job TEXT,
  created_at TEXT NOT NULL, modified_at TEXT NOT NULL, times_stored INTEGER NOT NULL DEFAULT 1, deleting INTEGER NOT NULL DEFAULT 0,
  UNIQUE (app, id));
DROP INDEX IF EXISTS inputs_sha;
CREATE INDEX IF NOT EXISTS inputs_media ON inputs (sha256) WHERE sha256 IS NOT NULL;
CREATE INDEX IF NOT EXISTS inputs_url ON inputs (app, url) WHERE url IS NOT NULL;
CREATE INDEX IF NOT EXISTS inputs_status ON inputs (app, status, seq);
CREATE TABLE IF NOT EXISTS deleted (app INTEGER NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, times_stored INTEGER NOT NULL, PRIMARY KEY (app, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS annotations (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, app INTEGER NOT NULL, id TEXT NOT NULL, input_id TEXT NOT NULL, level INTEGER NOT NULL DEFAULT 0,
  data TEXT NOT NULL, info TEXT, status INTEGER NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, input_id, id));
CREATE TABLE IF NOT EXISTS concepts (app INTEGER NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (app, id));
CREATE TABLE IF NOT EXISTS datasets (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, id));
CREATE TABLE IF NOT EXISTS dataset_inputs (app INTEGER NOT NULL, dataset TEXT NOT NULL, input INTEGER NOT NULL, created_at TEXT NOT NULL, PRIMARY KEY (app, dataset, input)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS dataset_inputs_input ON dataset_inputs (input);
CREATE TABLE IF NOT EXISTS jobs (app INTEGER NOT NULL, id TEXT NOT NULL, pending INTEGER NOT NULL DEFAULT 0, in_progress INTEGER NOT NULL DEFAULT 0,
  success INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0, cancelled INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, PRIMARY KEY (app, id));
CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL, file TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS searches (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (app, id));
CREATE TABLE IF NOT EXISTS dataset_versions (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, dataset TEXT NOT NULL, id TEXT NOT NULL, data TEXT NOT NULL, metrics TEXT NOT NULL, created_at TEXT NOT NULL, UNIQUE (app, dataset, id));
CREATE TABLE IF NOT EXISTS dataset_version_inputs (app INTEGER NOT NULL, version INTEGER NOT NULL, input INTEGER NOT NULL, fields TEXT NOT NULL, annotations TEXT NOT NULL, PRIMARY KEY (version, input)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS dataset_exports (app INTEGER NOT NULL, version INTEGER NOT NULL, format INTEGER NOT NULL, base TEXT NOT NULL, token TEXT NOT NULL, status INTEGER NOT NULL, details TEXT, sha256 TEXT, size_bytes INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, PRIMARY KEY (version, format)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bulk_operations (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, operation TEXT NOT NULL, inputs TEXT NOT NULL,
  total INTEGER NOT NULL, processed INTEGER NOT NULL DEFAULT 0, last_id TEXT, status INTEGER NOT NULL, details TEXT, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, id));
DROP TABLE IF EXISTS operations;
`;
