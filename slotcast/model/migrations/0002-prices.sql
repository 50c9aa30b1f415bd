ALTER TABLE venue ADD COLUMN currency TEXT NOT NULL DEFAULT ('');
ALTER TABLE service ADD COLUMN note TEXT NOT NULL DEFAULT ('');
ALTER TABLE service ADD COLUMN prices_minor TEXT NOT NULL DEFAULT ('[]');
ALTER TABLE service ADD COLUMN price_per_person INTEGER NOT NULL DEFAULT (false) CHECK (price_per_person IN (0, 1));
DROP TRIGGER IF EXISTS "rc_venue_before_insert";
DROP TRIGGER IF EXISTS "rc_venue_before_update";
DROP TRIGGER IF EXISTS "rc_venue_insert";
DROP TRIGGER IF EXISTS "rc_venue_update";
DROP TRIGGER IF EXISTS "rc_venue_update_key";
DROP TRIGGER IF EXISTS "rc_venue_delete";
DROP TABLE IF EXISTS "rc_pending_venue";
CREATE TABLE "rc_pending_venue" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7, o8);
CREATE INDEX "rc_pending_venue_1" ON "rc_pending_venue" (o1);
CREATE TRIGGER "rc_venue_before_insert" BEFORE INSERT ON "venue"
WHEN EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "venue" WHERE "venue"."slug" = NEW."slug") BEGIN
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent", "venue"."currency" FROM "venue" WHERE "venue"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent", "venue"."currency" FROM "venue" WHERE "venue"."slug" = NEW."slug"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
END;
CREATE TRIGGER "rc_venue_before_update" BEFORE UPDATE ON "venue"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = NEW."id" AND NOT ("venue"."id" = OLD."id"))
  OR NOT (NEW."slug" IS OLD."slug") AND EXISTS (SELECT 1 FROM "venue" WHERE "venue"."slug" = NEW."slug" AND NOT ("venue"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent", "venue"."currency" FROM "venue" WHERE "venue"."id" = NEW."id" AND NOT ("venue"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent", "venue"."currency" FROM "venue" WHERE "venue"."slug" = NEW."slug" AND NOT ("venue"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
END;
CREATE TRIGGER "rc_venue_insert" AFTER INSERT ON "venue" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8 FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  DELETE FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8 FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  DELETE FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7, n8)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 1, NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent", NEW."currency");
END;
CREATE TRIGGER "rc_venue_update" AFTER UPDATE ON "venue"
WHEN NEW."id" IS OLD."id" AND NEW."slug" IS OLD."slug" BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, n0, n1, n2, n3, n4, n5, n6, n7, n8)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 2, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent", OLD."currency", NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent", NEW."currency");
END;
CREATE TRIGGER "rc_venue_update_key" AFTER UPDATE ON "venue"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."slug" IS OLD."slug") BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8 FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  DELETE FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8 FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  DELETE FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, n0, n1, n2, n3, n4, n5, n6, n7, n8)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 2, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent", OLD."currency", NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent", NEW."currency");
END;
CREATE TRIGGER "rc_venue_delete" AFTER DELETE ON "venue" BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent", OLD."currency");
END;
DROP TRIGGER IF EXISTS "rc_service_before_insert";
DROP TRIGGER IF EXISTS "rc_service_before_update";
DROP TRIGGER IF EXISTS "rc_service_insert";
DROP TRIGGER IF EXISTS "rc_service_update";
DROP TRIGGER IF EXISTS "rc_service_update_key";
DROP TRIGGER IF EXISTS "rc_service_delete";
DROP TABLE IF EXISTS "rc_pending_service";
CREATE TABLE "rc_pending_service" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14);
CREATE INDEX "rc_pending_service_1" ON "rc_pending_service" (o1, o2);
CREATE TRIGGER "rc_service_before_insert" BEFORE INSERT ON "service"
WHEN EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key") BEGIN
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max", "service"."note", "service"."prices_minor", "service"."price_per_person" FROM "service" WHERE "service"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max", "service"."note", "service"."prices_minor", "service"."price_per_person" FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
END;
CREATE TRIGGER "rc_service_before_update" BEFORE UPDATE ON "service"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = NEW."id" AND NOT ("service"."id" = OLD."id"))
  OR NOT (NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") AND EXISTS (SELECT 1 FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key" AND NOT ("service"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max", "service"."note", "service"."prices_minor", "service"."price_per_person" FROM "service" WHERE "service"."id" = NEW."id" AND NOT ("service"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max", "service"."note", "service"."prices_minor", "service"."price_per_person" FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key" AND NOT ("service"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
END;
CREATE TRIGGER "rc_service_insert" AFTER INSERT ON "service" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14 FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  DELETE FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14 FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  DELETE FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 1, NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max", NEW."note", NEW."prices_minor", NEW."price_per_person");
END;
CREATE TRIGGER "rc_service_update" AFTER UPDATE ON "service"
WHEN NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key" BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max", OLD."note", OLD."prices_minor", OLD."price_per_person", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max", NEW."note", NEW."prices_minor", NEW."price_per_person");
END;
CREATE TRIGGER "rc_service_update_key" AFTER UPDATE ON "service"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14 FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  DELETE FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14 FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  DELETE FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max", OLD."note", OLD."prices_minor", OLD."price_per_person", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max", NEW."note", NEW."prices_minor", NEW."price_per_person");
END;
CREATE TRIGGER "rc_service_delete" AFTER DELETE ON "service" BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max", OLD."note", OLD."prices_minor", OLD."price_per_person");
END;
-- down
DROP TRIGGER IF EXISTS "rc_venue_before_insert";
DROP TRIGGER IF EXISTS "rc_venue_before_update";
DROP TRIGGER IF EXISTS "rc_venue_insert";
DROP TRIGGER IF EXISTS "rc_venue_update";
DROP TRIGGER IF EXISTS "rc_venue_update_key";
DROP TRIGGER IF EXISTS "rc_venue_delete";
DROP TABLE IF EXISTS "rc_pending_venue";
DROP TRIGGER IF EXISTS "rc_service_before_insert";
DROP TRIGGER IF EXISTS "rc_service_before_update";
DROP TRIGGER IF EXISTS "rc_service_insert";
DROP TRIGGER IF EXISTS "rc_service_update";
DROP TRIGGER IF EXISTS "rc_service_update_key";
DROP TRIGGER IF EXISTS "rc_service_delete";
DROP TABLE IF EXISTS "rc_pending_service";
ALTER TABLE service DROP COLUMN price_per_person;
ALTER TABLE service DROP COLUMN prices_minor;
ALTER TABLE service DROP COLUMN note;
ALTER TABLE venue DROP COLUMN currency;
CREATE TABLE "rc_pending_venue" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7);
CREATE INDEX "rc_pending_venue_1" ON "rc_pending_venue" (o1);
CREATE TRIGGER "rc_venue_before_insert" BEFORE INSERT ON "venue"
WHEN EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "venue" WHERE "venue"."slug" = NEW."slug") BEGIN
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent" FROM "venue" WHERE "venue"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent" FROM "venue" WHERE "venue"."slug" = NEW."slug"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
END;
CREATE TRIGGER "rc_venue_before_update" BEFORE UPDATE ON "venue"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = NEW."id" AND NOT ("venue"."id" = OLD."id"))
  OR NOT (NEW."slug" IS OLD."slug") AND EXISTS (SELECT 1 FROM "venue" WHERE "venue"."slug" = NEW."slug" AND NOT ("venue"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent" FROM "venue" WHERE "venue"."id" = NEW."id" AND NOT ("venue"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO "rc_pending_venue" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "venue"."id", "venue"."slug", "venue"."name", "venue"."tz", "venue"."locale", "venue"."contact_phone", "venue"."contact_email", "venue"."limited_percent" FROM "venue" WHERE "venue"."slug" = NEW."slug" AND NOT ("venue"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_venue" WHERE "venue"."id" = "rc_pending_venue".o0);
END;
CREATE TRIGGER "rc_venue_insert" AFTER INSERT ON "venue" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  DELETE FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  DELETE FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 1, NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent");
END;
CREATE TRIGGER "rc_venue_update" AFTER UPDATE ON "venue"
WHEN NEW."id" IS OLD."id" AND NEW."slug" IS OLD."slug" BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 2, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent", NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent");
END;
CREATE TRIGGER "rc_venue_update_key" AFTER UPDATE ON "venue"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."slug" IS OLD."slug") BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  DELETE FROM "rc_pending_venue" WHERE NEW."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  DELETE FROM "rc_pending_venue" WHERE NEW."slug" = "rc_pending_venue".o1
    AND NOT EXISTS (SELECT 1 FROM "venue" WHERE "venue"."id" = "rc_pending_venue".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 2, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent", NEW."id", NEW."slug", NEW."name", NEW."tz", NEW."locale", NEW."contact_phone", NEW."contact_email", NEW."limited_percent");
END;
CREATE TRIGGER "rc_venue_delete" AFTER DELETE ON "venue" BEGIN
  DELETE FROM "rc_pending_venue" WHERE OLD."id" = "rc_pending_venue".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'venue', 3, OLD."id", OLD."slug", OLD."name", OLD."tz", OLD."locale", OLD."contact_phone", OLD."contact_email", OLD."limited_percent");
END;
CREATE TABLE "rc_pending_service" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11);
CREATE INDEX "rc_pending_service_1" ON "rc_pending_service" (o1, o2);
CREATE TRIGGER "rc_service_before_insert" BEFORE INSERT ON "service"
WHEN EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key") BEGIN
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max" FROM "service" WHERE "service"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max" FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
END;
CREATE TRIGGER "rc_service_before_update" BEFORE UPDATE ON "service"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = NEW."id" AND NOT ("service"."id" = OLD."id"))
  OR NOT (NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") AND EXISTS (SELECT 1 FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key" AND NOT ("service"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max" FROM "service" WHERE "service"."id" = NEW."id" AND NOT ("service"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO "rc_pending_service" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT "service"."id", "service"."venue_id", "service"."key", "service"."name", "service"."durations_min", "service"."step_min", "service"."buffer_before_min", "service"."buffer_after_min", "service"."notice_min", "service"."horizon_days", "service"."hold_ttl_s", "service"."party_max" FROM "service" WHERE "service"."venue_id" = NEW."venue_id" AND "service"."key" = NEW."key" AND NOT ("service"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service" WHERE "service"."id" = "rc_pending_service".o0);
END;
CREATE TRIGGER "rc_service_insert" AFTER INSERT ON "service" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  DELETE FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  DELETE FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 1, NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max");
END;
CREATE TRIGGER "rc_service_update" AFTER UPDATE ON "service"
WHEN NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key" BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max");
END;
CREATE TRIGGER "rc_service_update_key" AFTER UPDATE ON "service"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  DELETE FROM "rc_pending_service" WHERE NEW."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11 FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  DELETE FROM "rc_pending_service" WHERE NEW."venue_id" = "rc_pending_service".o1 AND NEW."key" = "rc_pending_service".o2
    AND NOT EXISTS (SELECT 1 FROM "service" WHERE "service"."id" = "rc_pending_service".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."durations_min", NEW."step_min", NEW."buffer_before_min", NEW."buffer_after_min", NEW."notice_min", NEW."horizon_days", NEW."hold_ttl_s", NEW."party_max");
END;
CREATE TRIGGER "rc_service_delete" AFTER DELETE ON "service" BEGIN
  DELETE FROM "rc_pending_service" WHERE OLD."id" = "rc_pending_service".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service', 3, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."durations_min", OLD."step_min", OLD."buffer_before_min", OLD."buffer_after_min", OLD."notice_min", OLD."horizon_days", OLD."hold_ttl_s", OLD."party_max");
END;
