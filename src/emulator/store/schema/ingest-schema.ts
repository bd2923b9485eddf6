/** The tables of uploads in parts, and of the jobs that unpack archives. */

export const ingestSchema = `
CREATE TABLE IF NOT EXISTS uploads (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, job TEXT, name TEXT NOT NULL, length INTEGER NOT NULL,
  received INTEGER NOT NULL DEFAULT 0, status INTEGER NOT NULL, plan TEXT, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, expires_at TEXT NOT NULL, UNIQUE (app, id));
CREATE TABLE IF NOT EXISTS upload_parts (upload INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL,
  PRIMARY KEY (upload, start)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS extraction_jobs (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, id TEXT NOT NULL, job TEXT NOT NULL, url TEXT, upload INTEGER, plan TEXT NOT NULL,
  status INTEGER NOT NULL, details TEXT, next_entry INTEGER NOT NULL DEFAULT 0, image INTEGER NOT NULL DEFAULT 0, video INTEGER NOT NULL DEFAULT 0,
  audio INTEGER NOT NULL DEFAULT 0, text INTEGER NOT NULL DEFAULT 0, created_at TEXT NOT NULL, modified_at TEXT NOT NULL, UNIQUE (app, id));
CREATE INDEX IF NOT EXISTS extraction_jobs_job ON extraction_jobs (app, job);
CREATE INDEX IF NOT EXISTS uploads_job ON uploads (app, job);
`;
