CREATE TABLE task (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  text TEXT NOT NULL,
  done INTEGER NOT NULL DEFAULT (false) CHECK (done IN (0, 1)),
  created_at INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT (1),
  CONSTRAINT task_text CHECK (text <> '')
) STRICT;
CREATE TABLE IF NOT EXISTS rc_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS rc_log (n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, tbl TEXT NOT NULL, op INTEGER NOT NULL, ends INTEGER NOT NULL DEFAULT 0,
  o0, o1, o2, o3, o4,
  n0, n1, n2, n3, n4);
CREATE TABLE "rc_pending_task" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4);
CREATE TRIGGER "rc_task_before_insert" BEFORE INSERT ON "task"
WHEN EXISTS (SELECT 1 FROM "task" WHERE "task"."id" = NEW."id") BEGIN
  INSERT INTO "rc_pending_task" (o0, o1, o2, o3, o4)
    SELECT "task"."id", "task"."text", "task"."done", "task"."created_at", "task"."version" FROM "task" WHERE "task"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_task" WHERE "task"."id" = "rc_pending_task".o0);
END;
CREATE TRIGGER "rc_task_before_update" BEFORE UPDATE ON "task"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "task" WHERE "task"."id" = NEW."id" AND NOT ("task"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_task" (o0, o1, o2, o3, o4)
    SELECT "task"."id", "task"."text", "task"."done", "task"."created_at", "task"."version" FROM "task" WHERE "task"."id" = NEW."id" AND NOT ("task"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_task" WHERE "task"."id" = "rc_pending_task".o0);
END;
CREATE TRIGGER "rc_task_insert" AFTER INSERT ON "task" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 3, o0, o1, o2, o3, o4 FROM "rc_pending_task" WHERE NEW."id" = "rc_pending_task".o0;
  DELETE FROM "rc_pending_task" WHERE NEW."id" = "rc_pending_task".o0;
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 1, NEW."id", NEW."text", NEW."done", NEW."created_at", NEW."version");
END;
CREATE TRIGGER "rc_task_update" AFTER UPDATE ON "task"
WHEN NEW."id" IS OLD."id" BEGIN
  DELETE FROM "rc_pending_task" WHERE OLD."id" = "rc_pending_task".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, n0, n1, n2, n3, n4)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 2, OLD."id", OLD."text", OLD."done", OLD."created_at", OLD."version", NEW."id", NEW."text", NEW."done", NEW."created_at", NEW."version");
END;
CREATE TRIGGER "rc_task_update_key" AFTER UPDATE ON "task"
WHEN NOT (NEW."id" IS OLD."id") BEGIN
  DELETE FROM "rc_pending_task" WHERE OLD."id" = "rc_pending_task".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 3, o0, o1, o2, o3, o4 FROM "rc_pending_task" WHERE NEW."id" = "rc_pending_task".o0;
  DELETE FROM "rc_pending_task" WHERE NEW."id" = "rc_pending_task".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, n0, n1, n2, n3, n4)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 2, OLD."id", OLD."text", OLD."done", OLD."created_at", OLD."version", NEW."id", NEW."text", NEW."done", NEW."created_at", NEW."version");
END;
CREATE TRIGGER "rc_task_delete" AFTER DELETE ON "task" BEGIN
  DELETE FROM "rc_pending_task" WHERE OLD."id" = "rc_pending_task".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'task', 3, OLD."id", OLD."text", OLD."done", OLD."created_at", OLD."version");
END;
-- down
DROP TRIGGER IF EXISTS "rc_task_before_insert";
DROP TRIGGER IF EXISTS "rc_task_before_update";
DROP TRIGGER IF EXISTS "rc_task_insert";
DROP TRIGGER IF EXISTS "rc_task_update";
DROP TRIGGER IF EXISTS "rc_task_update_key";
DROP TRIGGER IF EXISTS "rc_task_delete";
DROP TABLE IF EXISTS "rc_pending_task";
DROP TABLE task;
DROP TABLE rc_log;
DROP TABLE rc_meta;
