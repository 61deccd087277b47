-- Version 1: objects and the revision counter.
--
-- One row an object, replaced in place: history lives in memory only. A rowid table, because WITHOUT ROWID moves whole
-- 2 KB rows when its tree splits. No index on the revision: nothing asks the file for it, and every index is a page more
-- to write for each commit.
CREATE TABLE objects (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,  -- resource/namespace/name; the namespace is empty for cluster-scoped objects
    mod INTEGER NOT NULL,      -- the revision of the last write
    val BLOB NOT NULL          -- the object as JSON, its own metadata.resourceVersion inside
);

-- Every revision up to `reserved` may have been given away. It is raised in blocks, in the same transaction as, or before,
-- the first write of a block, so that soft writes lost in a power cut never let a revision be given away twice.
CREATE TABLE revisions (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    reserved INTEGER NOT NULL
);
-- Clients give revision 0 a meaning of its own, so an empty store starts after it.
INSERT INTO revisions (id, reserved) VALUES (1, 1);
