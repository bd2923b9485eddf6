/** The tables of the gallery's index, and the statements that fill them. They are temporary, so the file of the store does not contain them. */

import { contentHashKey } from "../../clarifai/wire/content-hash-key.js";

/**
 * An entry is an input; its `indexed` is 0 before it is indexed, 1 after, and 2 if it changed since. A term is a field with a value, and its uses are
 * the inputs that have it. Triggers update the kind and status of entries and all counts. The rest is indexed later, newest first. The terms of concepts
 * and datasets have negative ids, so they can be counted without those of metadata. The texts are searched with an index of three characters each; those
 * of deleted inputs are removed from it later.
 */
export const schema = `
CREATE TEMP TABLE gallery_entries (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL,
  longitude REAL, latitude REAL, name TEXT, size INTEGER NOT NULL DEFAULT 0, annotations INTEGER NOT NULL DEFAULT 0, indexed INTEGER NOT NULL DEFAULT 0);
CREATE TEMP TABLE gallery_states (app INTEGER NOT NULL, kind TEXT NOT NULL, status INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (app, kind, status)) WITHOUT ROWID;
CREATE TEMP TABLE gallery_terms (id INTEGER PRIMARY KEY, app INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL,
  count INTEGER NOT NULL DEFAULT 0, UNIQUE (app, field, value));
CREATE TEMP TABLE gallery_uses (term INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (term, seq)) WITHOUT ROWID;
CREATE TEMP TABLE gallery_found (app INTEGER NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (app, field, value, seq)) WITHOUT ROWID;
INSERT INTO gallery_entries (seq, app, kind, status) SELECT seq, app, kind, status FROM main.inputs;
CREATE TEMP TABLE gallery_texts (seq INTEGER PRIMARY KEY, app INTEGER NOT NULL, text TEXT NOT NULL);
CREATE TEMP TABLE gallery_gone (seq INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE VIRTUAL TABLE temp.gallery_search USING fts5 (text, content = 'gallery_texts', content_rowid = 'seq', tokenize = 'trigram', detail = none);
CREATE VIRTUAL TABLE temp.gallery_grams USING fts5vocab ('temp', 'gallery_search', 'row');
CREATE INDEX temp.gallery_kinds ON gallery_entries (app, kind, status);
CREATE INDEX temp.gallery_names ON gallery_entries (app, name);
CREATE INDEX temp.gallery_sizes ON gallery_entries (app, size);
CREATE INDEX temp.gallery_drawings ON gallery_entries (app, annotations);
CREATE INDEX temp.gallery_places ON gallery_entries (app) WHERE latitude IS NOT NULL;
CREATE INDEX temp.gallery_unindexed ON gallery_entries (seq) WHERE indexed <> 1;
CREATE INDEX temp.gallery_uses_seq ON gallery_uses (seq);
INSERT INTO gallery_states SELECT app, kind, status, count(*) FROM gallery_entries GROUP BY app, kind, status;
CREATE TEMP TRIGGER gallery_entry_more AFTER INSERT ON gallery_entries BEGIN
  INSERT INTO gallery_states VALUES (NEW.app, NEW.kind, NEW.status, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TEMP TRIGGER gallery_entry_moved AFTER UPDATE OF status ON gallery_entries BEGIN
  UPDATE gallery_states SET count = count - 1 WHERE app = OLD.app AND kind = OLD.kind AND status = OLD.status;
  INSERT INTO gallery_states VALUES (NEW.app, NEW.kind, NEW.status, 1) ON CONFLICT DO UPDATE SET count = count + 1; END;
CREATE TEMP TRIGGER gallery_entry_less AFTER DELETE ON gallery_entries BEGIN
  UPDATE gallery_states SET count = count - 1 WHERE app = OLD.app AND kind = OLD.kind AND status = OLD.status; END;
CREATE TEMP TRIGGER gallery_use_less AFTER DELETE ON gallery_uses BEGIN
  UPDATE gallery_terms SET count = count - 1 WHERE id = OLD.term;
  DELETE FROM gallery_terms WHERE id = OLD.term AND count = 0; END;
CREATE TEMP TRIGGER gallery_added AFTER INSERT ON main.inputs BEGIN
  INSERT INTO gallery_entries (seq, app, kind, status) VALUES (NEW.seq, NEW.app, NEW.kind, NEW.status); END;
CREATE TEMP TRIGGER gallery_status AFTER UPDATE OF status ON main.inputs BEGIN
  UPDATE gallery_entries SET status = NEW.status WHERE seq = NEW.seq; END;
CREATE TEMP TRIGGER gallery_fields AFTER UPDATE OF fields ON main.inputs BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE seq = NEW.seq AND indexed = 1; END;
CREATE TEMP TRIGGER gallery_stored AFTER UPDATE OF size_bytes ON main.inputs WHEN NEW.size_bytes <> OLD.size_bytes BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE seq = NEW.seq AND indexed = 1; END;
CREATE TEMP TRIGGER gallery_removed AFTER DELETE ON main.inputs BEGIN
  DELETE FROM gallery_entries WHERE seq = OLD.seq; DELETE FROM gallery_uses WHERE seq = OLD.seq;
  INSERT INTO gallery_gone SELECT seq, text FROM gallery_texts WHERE seq = OLD.seq; DELETE FROM gallery_texts WHERE seq = OLD.seq; END;
CREATE TEMP TRIGGER gallery_joined AFTER INSERT ON main.dataset_inputs BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE seq = NEW.input AND indexed = 1; END;
CREATE TEMP TRIGGER gallery_left AFTER DELETE ON main.dataset_inputs BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE seq = OLD.input AND indexed = 1; END;
CREATE TEMP TRIGGER gallery_drawn AFTER INSERT ON main.annotations WHEN NEW.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = NEW.app AND id = NEW.input_id); END;
CREATE TEMP TRIGGER gallery_redrawn AFTER UPDATE OF data ON main.annotations WHEN NEW.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = NEW.app AND id = NEW.input_id); END;
CREATE TEMP TRIGGER gallery_erased AFTER DELETE ON main.annotations WHEN OLD.level = 0 BEGIN
  UPDATE gallery_entries SET indexed = 2 WHERE indexed = 1 AND seq = (SELECT seq FROM inputs WHERE app = OLD.app AND id = OLD.input_id); END;
`;

/** The JSON escape of half of a surrogate pair. SQLite would decode it into invalid text, on which its driver ends the process. */
const surrogate = "'\\ud'";
/** Removes the uses of inputs that changed. Their numbers are a JSON list. */
export const removeUses = "DELETE FROM gallery_uses WHERE seq IN (SELECT value FROM json_each(?))";
/** Collects the terms of some inputs, whose numbers are a JSON list. Values over 120 characters are no terms, because nobody picks them from a list. */
export const collectTerms = [
  `INSERT OR IGNORE INTO gallery_found SELECT d.app, 'dataset', d.dataset, d.input FROM json_each(?) s CROSS JOIN dataset_inputs d ON d.input = s.value`,
  `INSERT OR IGNORE INTO gallery_found SELECT i.app, 'concept', json_extract(c.value, '$.id'), i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value, json_each(i.fields, '$.concepts') c
   WHERE instr(i.fields, ${surrogate}) = 0`,
  `INSERT OR IGNORE INTO gallery_found SELECT i.app, 'concept', json_extract(c.value, '$.id'), i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value
   CROSS JOIN annotations a ON a.app = i.app AND a.input_id = i.id AND a.level = 0,
   json_each(json_array(json_extract(a.data, '$.concepts'), json_extract(a.data, '$.region.concepts'))) l, json_each(l.value) c
   WHERE l.type = 'array' AND instr(a.data, ${surrogate}) = 0`,
  `INSERT OR IGNORE INTO gallery_found
   SELECT i.app, CASE typeof(m.key) WHEN 'integer' THEN m.path ELSE m.fullkey END, m.atom, i.seq
   FROM json_each(?) s CROSS JOIN inputs i ON i.seq = s.value, json_tree(i.fields, '$.metadata') m
   WHERE instr(i.fields, ${surrogate}) = 0 AND m.atom IS NOT NULL AND m.key <> '${contentHashKey}' AND length(m.atom) <= 120 AND length(m.fullkey) <= 120`,
  `UPDATE gallery_entries SET (longitude, latitude, annotations, indexed) =
   (SELECT json_extract(fields, '$.geo.geo_point.longitude'), json_extract(fields, '$.geo.geo_point.latitude'),
     (SELECT count(*) FROM annotations a WHERE a.app = i.app AND a.input_id = i.id AND a.level = 0), 1 FROM inputs i WHERE i.seq = gallery_entries.seq)
   WHERE seq IN (SELECT value FROM json_each(?))`,
];
/** Stores the collected terms and their uses. */
export const storeTerms = [
  `INSERT INTO gallery_terms (id, app, field, value, count)
   SELECT (SELECT max(0, coalesce(max(id), 0)) FROM gallery_terms) + row_number() OVER (), app, field, value, count(*) FROM gallery_found
   WHERE field LIKE '$%' GROUP BY app, field, value ON CONFLICT (app, field, value) DO UPDATE SET count = count + excluded.count`,
  `INSERT INTO gallery_terms (id, app, field, value, count)
   SELECT (SELECT min(0, coalesce(min(id), 0)) FROM gallery_terms) - row_number() OVER (), app, field, value, count(*) FROM gallery_found
   WHERE field NOT LIKE '$%' GROUP BY app, field, value ON CONFLICT (app, field, value) DO UPDATE SET count = count + excluded.count`,
  `INSERT INTO gallery_uses SELECT t.id, f.seq FROM gallery_found f CROSS JOIN gallery_terms t ON t.app = f.app AND t.field = f.field AND t.value = f.value`,
  `DELETE FROM gallery_found`,
];
