CREATE TABLE venue (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  tz TEXT NOT NULL,
  locale TEXT NOT NULL DEFAULT ('en'),
  contact_phone TEXT NOT NULL DEFAULT (''),
  contact_email TEXT NOT NULL DEFAULT (''),
  limited_percent INTEGER NOT NULL DEFAULT (25),
  CONSTRAINT venue_slug UNIQUE (slug),
  CONSTRAINT venue_limited_range CHECK (limited_percent BETWEEN 0 AND 100)
) STRICT;
CREATE TABLE resource (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  venue_id INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  name TEXT NOT NULL,
  kind TEXT NOT NULL,
  capacity INTEGER NOT NULL DEFAULT (1),
  CONSTRAINT resource_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES venue (id),
  CONSTRAINT resource_key UNIQUE (venue_id, "key"),
  CONSTRAINT resource_kind CHECK (kind IN ('exclusive', 'pooled', 'session')),
  CONSTRAINT resource_capacity CHECK (capacity BETWEEN 1 AND 100000)
) STRICT;
CREATE TABLE service (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  venue_id INTEGER NOT NULL,
  "key" TEXT NOT NULL,
  name TEXT NOT NULL,
  durations_min TEXT NOT NULL,
  step_min INTEGER NOT NULL,
  buffer_before_min INTEGER NOT NULL DEFAULT (0),
  buffer_after_min INTEGER NOT NULL DEFAULT (0),
  notice_min INTEGER NOT NULL DEFAULT (0),
  horizon_days INTEGER NOT NULL DEFAULT (90),
  hold_ttl_s INTEGER NOT NULL DEFAULT (300),
  party_max INTEGER NOT NULL DEFAULT (1),
  CONSTRAINT service_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES venue (id),
  CONSTRAINT service_key UNIQUE (venue_id, "key"),
  CONSTRAINT service_step CHECK (step_min BETWEEN 1 AND 1440),
  CONSTRAINT service_hold CHECK (hold_ttl_s BETWEEN 1 AND 86400)
) STRICT;
CREATE TABLE service_resource (
  service_id INTEGER NOT NULL,
  resource_id INTEGER NOT NULL,
  CONSTRAINT service_resource_service_id_fkey FOREIGN KEY (service_id) REFERENCES service (id),
  CONSTRAINT service_resource_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id),
  CONSTRAINT service_resource_pkey PRIMARY KEY (service_id, resource_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE hours (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  venue_id INTEGER NOT NULL,
  resource_id INTEGER,
  rrule TEXT NOT NULL,
  wall_start_min INTEGER NOT NULL,
  wall_end_min INTEGER NOT NULL,
  valid_from TEXT NOT NULL CHECK (valid_from IS date(valid_from)),
  valid_to TEXT CHECK (valid_to IS date(valid_to)),
  CONSTRAINT hours_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES venue (id),
  CONSTRAINT hours_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id)
) STRICT;
CREATE TABLE exception (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  venue_id INTEGER NOT NULL,
  resource_id INTEGER,
  date TEXT NOT NULL CHECK (date IS date(date)),
  wall_start_min INTEGER,
  wall_end_min INTEGER,
  closed INTEGER NOT NULL CHECK (closed IN (0, 1)),
  reason TEXT NOT NULL DEFAULT (''),
  CONSTRAINT exception_venue_id_fkey FOREIGN KEY (venue_id) REFERENCES venue (id),
  CONSTRAINT exception_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id)
) STRICT;
CREATE TABLE session_rule (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  resource_id INTEGER NOT NULL,
  rrule TEXT NOT NULL,
  wall_start_min INTEGER NOT NULL,
  wall_end_min INTEGER NOT NULL,
  valid_from TEXT NOT NULL CHECK (valid_from IS date(valid_from)),
  valid_to TEXT CHECK (valid_to IS date(valid_to)),
  CONSTRAINT session_rule_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id)
) STRICT;
CREATE TABLE session (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  resource_id INTEGER NOT NULL,
  rule_id INTEGER,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  capacity INTEGER NOT NULL,
  taken INTEGER NOT NULL DEFAULT (0),
  taken_by INTEGER NOT NULL DEFAULT (0),
  CONSTRAINT session_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id),
  CONSTRAINT session_start UNIQUE (resource_id, starts_at),
  CONSTRAINT session_span CHECK (starts_at < ends_at),
  CONSTRAINT session_capacity CHECK (taken BETWEEN 0 AND capacity)
) STRICT;
CREATE TABLE customer (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  phone TEXT NOT NULL DEFAULT (''),
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE booking (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  ref TEXT NOT NULL,
  service_id INTEGER NOT NULL,
  resource_id INTEGER NOT NULL,
  customer_id INTEGER,
  state TEXT NOT NULL,
  starts_at INTEGER NOT NULL,
  ends_at INTEGER NOT NULL,
  tz TEXT NOT NULL,
  wall_start TEXT NOT NULL,
  party INTEGER NOT NULL,
  hold_expires_at INTEGER,
  hold_extensions INTEGER NOT NULL DEFAULT (0),
  version INTEGER NOT NULL DEFAULT (1),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  CONSTRAINT booking_service_id_fkey FOREIGN KEY (service_id) REFERENCES service (id),
  CONSTRAINT booking_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id),
  CONSTRAINT booking_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id),
  CONSTRAINT booking_ref UNIQUE (ref),
  CONSTRAINT booking_span CHECK (starts_at < ends_at),
  CONSTRAINT booking_hold CHECK (state <> 'held' OR hold_expires_at IS NOT NULL),
  CONSTRAINT booking_state CHECK (state IN ('held', 'pending', 'confirmed', 'rejected', 'expired', 'released', 'cancelled', 'checked_in', 'no_show', 'completed'))
) STRICT;
CREATE TABLE claim (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  booking_id INTEGER NOT NULL,
  resource_id INTEGER NOT NULL,
  lane INTEGER NOT NULL DEFAULT (0),
  lo INTEGER NOT NULL,
  hi INTEGER NOT NULL,
  qty INTEGER NOT NULL DEFAULT (1),
  session_id INTEGER,
  CONSTRAINT claim_booking_id_fkey FOREIGN KEY (booking_id) REFERENCES booking (id),
  CONSTRAINT claim_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id),
  CONSTRAINT claim_session_id_fkey FOREIGN KEY (session_id) REFERENCES session (id),
  CONSTRAINT claim_span CHECK (lo < hi),
  CONSTRAINT claim_qty CHECK (qty >= 1)
) STRICT;
CREATE TABLE waitlist (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service_id INTEGER NOT NULL,
  resource_id INTEGER,
  window_start INTEGER NOT NULL,
  window_end INTEGER NOT NULL,
  party INTEGER NOT NULL,
  customer_id INTEGER NOT NULL,
  state TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  CONSTRAINT waitlist_service_id_fkey FOREIGN KEY (service_id) REFERENCES service (id),
  CONSTRAINT waitlist_resource_id_fkey FOREIGN KEY (resource_id) REFERENCES resource (id),
  CONSTRAINT waitlist_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id),
  CONSTRAINT waitlist_state CHECK (state IN ('waiting', 'offered', 'accepted', 'declined', 'lapsed', 'withdrawn')),
  CONSTRAINT waitlist_window CHECK (window_start < window_end)
) STRICT;
CREATE TABLE idempotency (
  scope TEXT NOT NULL,
  "key" TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL,
  response TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  CONSTRAINT idempotency_pkey PRIMARY KEY (scope, "key")
) STRICT, WITHOUT ROWID;
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  "action" TEXT NOT NULL,
  ref TEXT NOT NULL,
  detail TEXT NOT NULL DEFAULT ('')
) STRICT;
CREATE TABLE operator_token (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  token_hash TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  CONSTRAINT operator_token_hash UNIQUE (token_hash)
) STRICT;
CREATE INDEX booking_hold_expiry ON booking (hold_expires_at, resource_id, starts_at) WHERE state = 'held';
CREATE INDEX claim_booking ON claim (booking_id);
CREATE INDEX claim_place ON claim (resource_id, lane, lo, hi) WHERE session_id IS NULL;
CREATE INDEX waitlist_waiting ON waitlist (service_id) WHERE state = 'waiting';
CREATE INDEX idempotency_expiry ON idempotency (expires_at);
CREATE TRIGGER claim_no_overlap_insert AFTER INSERT ON claim
WHEN NEW.session_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'claim_no_overlap: another row of claim with the same resource_id and lane overlaps [lo, hi) of this one')
    FROM (SELECT hi AS high_end FROM claim WHERE resource_id = NEW.resource_id AND lane = NEW.lane AND (session_id IS NULL) AND lo < NEW.hi AND NOT (id = NEW.id)
      ORDER BY lo DESC LIMIT 1) WHERE high_end > NEW.lo;
END;
CREATE TRIGGER claim_no_overlap_update AFTER UPDATE ON claim
WHEN NEW.session_id IS NULL BEGIN
  SELECT RAISE(ABORT, 'claim_no_overlap: another row of claim with the same resource_id and lane overlaps [lo, hi) of this one')
    FROM (SELECT hi AS high_end FROM claim WHERE resource_id = NEW.resource_id AND lane = NEW.lane AND (session_id IS NULL) AND lo < NEW.hi AND NOT (id = NEW.id)
      ORDER BY lo DESC LIMIT 1) WHERE high_end > NEW.lo;
END;
-- Rules of claims that SQLite cannot declare; run after the generated DDL. The overlap rule itself is generated by rowgen from
-- the EXCLUDE constraint (claim_no_overlap). Messages reach people who write SQL by hand: they say why.
--
-- Checks of a new row run AFTER it went in: only then it is what it will be (types applied, id drawn, OR REPLACE's defaults and
-- victims settled); RAISE(ABORT) takes the statement back. Checks of what REPLACE would remove run BEFORE, while it is there.
-- They hold with foreign_keys and recursive_triggers off, as the sqlite3 program has them.

CREATE TRIGGER claim_place_insert AFTER INSERT ON claim BEGIN
  SELECT CASE
    WHEN NEW.id < 1
      THEN RAISE(ABORT, 'claim_id: ids of claims begin at 1')
    WHEN r.id IS NULL
      THEN RAISE(ABORT, 'claim_resource: there is no resource with this resource_id')
    WHEN r.kind <> 'session' AND (NEW.session_id IS NOT NULL OR NEW.qty <> 1 OR NEW.lane < 0
         OR NEW.lane >= CASE r.kind WHEN 'pooled' THEN r.capacity ELSE 1 END)
      THEN RAISE(ABORT, 'claim_lane: a timed claim needs session_id NULL, qty 1 and a lane from 0 to capacity - 1 (exclusive: 0)')
    WHEN r.kind = 'session' AND (NEW.lane <> 0 OR s.id IS NULL)
      THEN RAISE(ABORT, 'claim_session: a claim on a session resource needs the session_id of one of its sessions and lane 0')
    WHEN s.taken + NEW.qty > s.capacity
      THEN RAISE(ABORT, 'session_capacity: this session has not that many places left')
    END
    FROM (SELECT 1) LEFT JOIN resource r ON r.id = NEW.resource_id
    LEFT JOIN session s ON s.id = NEW.session_id AND s.resource_id = NEW.resource_id;
  UPDATE session SET taken = taken + NEW.qty, taken_by = NEW.id WHERE id = NEW.session_id;
END;
CREATE TRIGGER claim_place_replace BEFORE INSERT ON claim
WHEN EXISTS (SELECT 1 FROM claim WHERE id = NEW.id AND session_id IS NOT NULL) BEGIN
  SELECT RAISE(ABORT, 'claim_replace: a claim on a session is not replaced; delete it first, so that its places are given back');
END;
CREATE TRIGGER claim_place_keep BEFORE UPDATE ON claim BEGIN
  SELECT RAISE(ABORT, 'claim_id: the id of a claim does not change') WHERE NEW.id IS NOT OLD.id;
  SELECT RAISE(ABORT, 'claim_session: a claim on a session does not change; delete it and insert another')
    WHERE OLD.session_id IS NOT NULL OR NEW.session_id IS NOT NULL;
END;
CREATE TRIGGER claim_place_update AFTER UPDATE ON claim BEGIN
  SELECT CASE
    WHEN r.id IS NULL OR r.kind = 'session'
      THEN RAISE(ABORT, 'claim_resource: there is no timed resource with this resource_id')
    WHEN NEW.qty <> 1 OR NEW.lane < 0 OR NEW.lane >= CASE r.kind WHEN 'pooled' THEN r.capacity ELSE 1 END
      THEN RAISE(ABORT, 'claim_lane: a timed claim needs session_id NULL, qty 1 and a lane from 0 to capacity - 1 (exclusive: 0)')
    END
    FROM (SELECT 1) LEFT JOIN resource r ON r.id = NEW.resource_id;
END;
CREATE TRIGGER claim_taken_delete AFTER DELETE ON claim WHEN OLD.session_id IS NOT NULL BEGIN
  UPDATE session SET taken = taken - OLD.qty, taken_by = -OLD.id WHERE id = OLD.session_id;
END;

-- session.taken is what its claims add up to: only they change it.
CREATE TRIGGER session_taken_insert AFTER INSERT ON session WHEN NEW.taken <> 0 OR NEW.taken_by <> 0 OR NEW.id < 1 BEGIN
  SELECT RAISE(ABORT, 'session_taken: a new session has taken 0; its claims raise it');
END;
CREATE TRIGGER session_taken_update BEFORE UPDATE OF taken, taken_by ON session
WHEN (NEW.taken IS NOT OLD.taken OR NEW.taken_by IS NOT OLD.taken_by) AND coalesce(
  CASE WHEN NEW.taken_by > 0 THEN NEW.taken - OLD.taken = (SELECT qty FROM claim WHERE id = NEW.taken_by AND session_id = OLD.id)
       ELSE NEW.taken < OLD.taken AND NOT EXISTS (SELECT 1 FROM claim WHERE id = -NEW.taken_by) END
  AND NEW.taken_by <> OLD.taken_by, 0) = 0 BEGIN
  SELECT RAISE(ABORT, 'session_taken: taken is not set by hand; insert or delete claims instead');
END;
CREATE TRIGGER session_keep_insert BEFORE INSERT ON session
WHEN EXISTS (SELECT 1 FROM session WHERE id = NEW.id AND taken > 0)
  OR EXISTS (SELECT 1 FROM session WHERE resource_id = NEW.resource_id AND starts_at = NEW.starts_at AND taken > 0) BEGIN
  SELECT RAISE(ABORT, 'session_replace: this session exists and has claims; update it instead');
END;
CREATE TRIGGER session_keep_update BEFORE UPDATE OF id, resource_id, starts_at ON session
WHEN (NEW.id IS NOT OLD.id OR NEW.resource_id IS NOT OLD.resource_id OR NEW.starts_at IS NOT OLD.starts_at)
  AND (OLD.taken > 0 OR EXISTS (SELECT 1 FROM session WHERE id = NEW.id AND id <> OLD.id AND taken > 0)
       OR EXISTS (SELECT 1 FROM session WHERE resource_id = NEW.resource_id AND starts_at = NEW.starts_at AND taken > 0)) BEGIN
  SELECT RAISE(ABORT, 'session_replace: a session with claims keeps its id, resource and start; move its bookings first');
END;
CREATE TRIGGER session_keep_delete BEFORE DELETE ON session WHEN OLD.taken > 0 BEGIN
  SELECT RAISE(ABORT, 'session_delete: this session has claims; cancel its bookings first');
END;

-- A resource keeps what its claims rely on.
CREATE TRIGGER resource_keep_insert AFTER INSERT ON resource
WHEN EXISTS (SELECT 1 FROM claim WHERE session_id IS NULL AND resource_id = NEW.id)
  OR EXISTS (SELECT 1 FROM session WHERE resource_id = NEW.id AND taken > 0) BEGIN
  SELECT RAISE(ABORT, 'resource_replace: this resource has claims; update it instead');
END;
CREATE TRIGGER resource_keep_update BEFORE UPDATE OF id, kind ON resource
WHEN (NEW.id IS NOT OLD.id OR NEW.kind IS NOT OLD.kind)
  AND (EXISTS (SELECT 1 FROM claim WHERE session_id IS NULL AND resource_id IN (OLD.id, NEW.id))
       OR EXISTS (SELECT 1 FROM session WHERE resource_id IN (OLD.id, NEW.id) AND taken > 0)) BEGIN
  SELECT RAISE(ABORT, 'resource_replace: a resource with claims keeps its id and its kind');
END;
CREATE TRIGGER resource_keep_delete BEFORE DELETE ON resource
WHEN EXISTS (SELECT 1 FROM claim WHERE session_id IS NULL AND resource_id = OLD.id)
  OR EXISTS (SELECT 1 FROM session WHERE resource_id = OLD.id AND taken > 0) BEGIN
  SELECT RAISE(ABORT, 'resource_delete: this resource has claims; cancel its bookings first');
END;
CREATE TRIGGER resource_capacity_update AFTER UPDATE OF capacity ON resource WHEN NEW.capacity <> OLD.capacity BEGIN
  SELECT RAISE(ABORT, 'resource_capacity: lanes beyond this capacity are claimed in time to come; cancel or move these bookings first')
    WHERE NEW.kind = 'pooled' AND NEW.capacity < OLD.capacity
    AND EXISTS (SELECT 1 FROM claim WHERE session_id IS NULL AND resource_id = NEW.id AND lane >= NEW.capacity
                AND hi > unixepoch() * 1000000);
  SELECT RAISE(ABORT, 'resource_capacity: a session to come has more places taken than this capacity')
    FROM session WHERE NEW.kind = 'session' AND resource_id = NEW.id AND starts_at > unixepoch() * 1000000
    AND rule_id IS NOT NULL AND taken > NEW.capacity;
  UPDATE session SET capacity = NEW.capacity
    WHERE NEW.kind = 'session' AND resource_id = NEW.id AND starts_at > unixepoch() * 1000000 AND rule_id IS NOT NULL;
END;

-- A booking's state and its claims go together, also when a person changes the state by hand.
CREATE TRIGGER booking_state_leaves AFTER UPDATE OF state ON booking
WHEN NEW.state IN ('rejected', 'expired', 'released', 'cancelled') AND NEW.state <> OLD.state BEGIN
  DELETE FROM claim WHERE booking_id = NEW.id;
END;
CREATE TRIGGER booking_state_returns BEFORE UPDATE OF state ON booking
WHEN OLD.state IN ('rejected', 'expired', 'released', 'cancelled')
  AND NEW.state NOT IN ('rejected', 'expired', 'released', 'cancelled')
  AND NOT EXISTS (SELECT 1 FROM claim WHERE booking_id = OLD.id) BEGIN
  SELECT RAISE(ABORT, 'booking_claims: this booking holds no place any more; insert its claims first');
END;
CREATE TRIGGER booking_replace_leaves AFTER INSERT ON booking
WHEN NEW.state IN ('rejected', 'expired', 'released', 'cancelled') BEGIN
  DELETE FROM claim WHERE booking_id = NEW.id;
END;
CREATE TRIGGER booking_delete_leaves AFTER DELETE ON booking BEGIN
  DELETE FROM claim WHERE booking_id = OLD.id;
END;
CREATE TABLE IF NOT EXISTS rc_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID, STRICT;
CREATE TABLE IF NOT EXISTS rc_log (n INTEGER PRIMARY KEY AUTOINCREMENT, at INTEGER NOT NULL, tbl TEXT NOT NULL, op INTEGER NOT NULL, ends INTEGER NOT NULL DEFAULT 0,
  o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15,
  n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15);
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
CREATE TABLE "rc_pending_resource" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5);
CREATE INDEX "rc_pending_resource_1" ON "rc_pending_resource" (o1, o2);
CREATE TRIGGER "rc_resource_before_insert" BEFORE INSERT ON "resource"
WHEN EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "resource" WHERE "resource"."venue_id" = NEW."venue_id" AND "resource"."key" = NEW."key") BEGIN
  INSERT INTO "rc_pending_resource" (o0, o1, o2, o3, o4, o5)
    SELECT "resource"."id", "resource"."venue_id", "resource"."key", "resource"."name", "resource"."kind", "resource"."capacity" FROM "resource" WHERE "resource"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  INSERT INTO "rc_pending_resource" (o0, o1, o2, o3, o4, o5)
    SELECT "resource"."id", "resource"."venue_id", "resource"."key", "resource"."name", "resource"."kind", "resource"."capacity" FROM "resource" WHERE "resource"."venue_id" = NEW."venue_id" AND "resource"."key" = NEW."key"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_resource" WHERE "resource"."id" = "rc_pending_resource".o0);
END;
CREATE TRIGGER "rc_resource_before_update" BEFORE UPDATE ON "resource"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = NEW."id" AND NOT ("resource"."id" = OLD."id"))
  OR NOT (NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") AND EXISTS (SELECT 1 FROM "resource" WHERE "resource"."venue_id" = NEW."venue_id" AND "resource"."key" = NEW."key" AND NOT ("resource"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_resource" (o0, o1, o2, o3, o4, o5)
    SELECT "resource"."id", "resource"."venue_id", "resource"."key", "resource"."name", "resource"."kind", "resource"."capacity" FROM "resource" WHERE "resource"."id" = NEW."id" AND NOT ("resource"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  INSERT INTO "rc_pending_resource" (o0, o1, o2, o3, o4, o5)
    SELECT "resource"."id", "resource"."venue_id", "resource"."key", "resource"."name", "resource"."kind", "resource"."capacity" FROM "resource" WHERE "resource"."venue_id" = NEW."venue_id" AND "resource"."key" = NEW."key" AND NOT ("resource"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_resource" WHERE "resource"."id" = "rc_pending_resource".o0);
END;
CREATE TRIGGER "rc_resource_insert" AFTER INSERT ON "resource" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 3, o0, o1, o2, o3, o4, o5 FROM "rc_pending_resource" WHERE NEW."id" = "rc_pending_resource".o0;
  DELETE FROM "rc_pending_resource" WHERE NEW."id" = "rc_pending_resource".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 3, o0, o1, o2, o3, o4, o5 FROM "rc_pending_resource" WHERE NEW."venue_id" = "rc_pending_resource".o1 AND NEW."key" = "rc_pending_resource".o2
    AND NOT EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  DELETE FROM "rc_pending_resource" WHERE NEW."venue_id" = "rc_pending_resource".o1 AND NEW."key" = "rc_pending_resource".o2
    AND NOT EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 1, NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."kind", NEW."capacity");
END;
CREATE TRIGGER "rc_resource_update" AFTER UPDATE ON "resource"
WHEN NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key" BEGIN
  DELETE FROM "rc_pending_resource" WHERE OLD."id" = "rc_pending_resource".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, n0, n1, n2, n3, n4, n5)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."kind", OLD."capacity", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."kind", NEW."capacity");
END;
CREATE TRIGGER "rc_resource_update_key" AFTER UPDATE ON "resource"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."venue_id" IS OLD."venue_id" AND NEW."key" IS OLD."key") BEGIN
  DELETE FROM "rc_pending_resource" WHERE OLD."id" = "rc_pending_resource".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 3, o0, o1, o2, o3, o4, o5 FROM "rc_pending_resource" WHERE NEW."id" = "rc_pending_resource".o0;
  DELETE FROM "rc_pending_resource" WHERE NEW."id" = "rc_pending_resource".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 3, o0, o1, o2, o3, o4, o5 FROM "rc_pending_resource" WHERE NEW."venue_id" = "rc_pending_resource".o1 AND NEW."key" = "rc_pending_resource".o2
    AND NOT EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  DELETE FROM "rc_pending_resource" WHERE NEW."venue_id" = "rc_pending_resource".o1 AND NEW."key" = "rc_pending_resource".o2
    AND NOT EXISTS (SELECT 1 FROM "resource" WHERE "resource"."id" = "rc_pending_resource".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, n0, n1, n2, n3, n4, n5)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 2, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."kind", OLD."capacity", NEW."id", NEW."venue_id", NEW."key", NEW."name", NEW."kind", NEW."capacity");
END;
CREATE TRIGGER "rc_resource_delete" AFTER DELETE ON "resource" BEGIN
  DELETE FROM "rc_pending_resource" WHERE OLD."id" = "rc_pending_resource".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'resource', 3, OLD."id", OLD."venue_id", OLD."key", OLD."name", OLD."kind", OLD."capacity");
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
CREATE TABLE "rc_pending_service_resource" (o0, o1, PRIMARY KEY (o0, o1)) WITHOUT ROWID;
CREATE TRIGGER "rc_service_resource_before_insert" BEFORE INSERT ON "service_resource"
WHEN EXISTS (SELECT 1 FROM "service_resource" WHERE "service_resource"."service_id" = NEW."service_id" AND "service_resource"."resource_id" = NEW."resource_id") BEGIN
  INSERT INTO "rc_pending_service_resource" (o0, o1)
    SELECT "service_resource"."service_id", "service_resource"."resource_id" FROM "service_resource" WHERE "service_resource"."service_id" = NEW."service_id" AND "service_resource"."resource_id" = NEW."resource_id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service_resource" WHERE "service_resource"."service_id" = "rc_pending_service_resource".o0 AND "service_resource"."resource_id" = "rc_pending_service_resource".o1);
END;
CREATE TRIGGER "rc_service_resource_before_update" BEFORE UPDATE ON "service_resource"
WHEN NOT (NEW."service_id" IS OLD."service_id" AND NEW."resource_id" IS OLD."resource_id") AND EXISTS (SELECT 1 FROM "service_resource" WHERE "service_resource"."service_id" = NEW."service_id" AND "service_resource"."resource_id" = NEW."resource_id" AND NOT ("service_resource"."service_id" = OLD."service_id" AND "service_resource"."resource_id" = OLD."resource_id")) BEGIN
  INSERT INTO "rc_pending_service_resource" (o0, o1)
    SELECT "service_resource"."service_id", "service_resource"."resource_id" FROM "service_resource" WHERE "service_resource"."service_id" = NEW."service_id" AND "service_resource"."resource_id" = NEW."resource_id" AND NOT ("service_resource"."service_id" = OLD."service_id" AND "service_resource"."resource_id" = OLD."resource_id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_service_resource" WHERE "service_resource"."service_id" = "rc_pending_service_resource".o0 AND "service_resource"."resource_id" = "rc_pending_service_resource".o1);
END;
CREATE TRIGGER "rc_service_resource_insert" AFTER INSERT ON "service_resource" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 3, o0, o1 FROM "rc_pending_service_resource" WHERE NEW."service_id" = "rc_pending_service_resource".o0 AND NEW."resource_id" = "rc_pending_service_resource".o1;
  DELETE FROM "rc_pending_service_resource" WHERE NEW."service_id" = "rc_pending_service_resource".o0 AND NEW."resource_id" = "rc_pending_service_resource".o1;
  INSERT INTO rc_log (at, tbl, op, n0, n1)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 1, NEW."service_id", NEW."resource_id");
END;
CREATE TRIGGER "rc_service_resource_update" AFTER UPDATE ON "service_resource"
WHEN NEW."service_id" IS OLD."service_id" AND NEW."resource_id" IS OLD."resource_id" BEGIN
  DELETE FROM "rc_pending_service_resource" WHERE OLD."service_id" = "rc_pending_service_resource".o0 AND OLD."resource_id" = "rc_pending_service_resource".o1;
  INSERT INTO rc_log (at, tbl, op, o0, o1, n0, n1)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 2, OLD."service_id", OLD."resource_id", NEW."service_id", NEW."resource_id");
END;
CREATE TRIGGER "rc_service_resource_update_key" AFTER UPDATE ON "service_resource"
WHEN NOT (NEW."service_id" IS OLD."service_id" AND NEW."resource_id" IS OLD."resource_id") BEGIN
  DELETE FROM "rc_pending_service_resource" WHERE OLD."service_id" = "rc_pending_service_resource".o0 AND OLD."resource_id" = "rc_pending_service_resource".o1;
  INSERT INTO rc_log (at, tbl, op, o0, o1)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 3, o0, o1 FROM "rc_pending_service_resource" WHERE NEW."service_id" = "rc_pending_service_resource".o0 AND NEW."resource_id" = "rc_pending_service_resource".o1;
  DELETE FROM "rc_pending_service_resource" WHERE NEW."service_id" = "rc_pending_service_resource".o0 AND NEW."resource_id" = "rc_pending_service_resource".o1;
  INSERT INTO rc_log (at, tbl, op, o0, o1, n0, n1)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 2, OLD."service_id", OLD."resource_id", NEW."service_id", NEW."resource_id");
END;
CREATE TRIGGER "rc_service_resource_delete" AFTER DELETE ON "service_resource" BEGIN
  DELETE FROM "rc_pending_service_resource" WHERE OLD."service_id" = "rc_pending_service_resource".o0 AND OLD."resource_id" = "rc_pending_service_resource".o1;
  INSERT INTO rc_log (at, tbl, op, o0, o1)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'service_resource', 3, OLD."service_id", OLD."resource_id");
END;
CREATE TABLE "rc_pending_hours" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7);
CREATE TRIGGER "rc_hours_before_insert" BEFORE INSERT ON "hours"
WHEN EXISTS (SELECT 1 FROM "hours" WHERE "hours"."id" = NEW."id") BEGIN
  INSERT INTO "rc_pending_hours" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "hours"."id", "hours"."venue_id", "hours"."resource_id", "hours"."rrule", "hours"."wall_start_min", "hours"."wall_end_min", "hours"."valid_from", "hours"."valid_to" FROM "hours" WHERE "hours"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_hours" WHERE "hours"."id" = "rc_pending_hours".o0);
END;
CREATE TRIGGER "rc_hours_before_update" BEFORE UPDATE ON "hours"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "hours" WHERE "hours"."id" = NEW."id" AND NOT ("hours"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_hours" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "hours"."id", "hours"."venue_id", "hours"."resource_id", "hours"."rrule", "hours"."wall_start_min", "hours"."wall_end_min", "hours"."valid_from", "hours"."valid_to" FROM "hours" WHERE "hours"."id" = NEW."id" AND NOT ("hours"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_hours" WHERE "hours"."id" = "rc_pending_hours".o0);
END;
CREATE TRIGGER "rc_hours_insert" AFTER INSERT ON "hours" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_hours" WHERE NEW."id" = "rc_pending_hours".o0;
  DELETE FROM "rc_pending_hours" WHERE NEW."id" = "rc_pending_hours".o0;
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 1, NEW."id", NEW."venue_id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_hours_update" AFTER UPDATE ON "hours"
WHEN NEW."id" IS OLD."id" BEGIN
  DELETE FROM "rc_pending_hours" WHERE OLD."id" = "rc_pending_hours".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 2, OLD."id", OLD."venue_id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to", NEW."id", NEW."venue_id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_hours_update_key" AFTER UPDATE ON "hours"
WHEN NOT (NEW."id" IS OLD."id") BEGIN
  DELETE FROM "rc_pending_hours" WHERE OLD."id" = "rc_pending_hours".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_hours" WHERE NEW."id" = "rc_pending_hours".o0;
  DELETE FROM "rc_pending_hours" WHERE NEW."id" = "rc_pending_hours".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 2, OLD."id", OLD."venue_id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to", NEW."id", NEW."venue_id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_hours_delete" AFTER DELETE ON "hours" BEGIN
  DELETE FROM "rc_pending_hours" WHERE OLD."id" = "rc_pending_hours".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'hours', 3, OLD."id", OLD."venue_id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to");
END;
CREATE TABLE "rc_pending_exception" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7);
CREATE TRIGGER "rc_exception_before_insert" BEFORE INSERT ON "exception"
WHEN EXISTS (SELECT 1 FROM "exception" WHERE "exception"."id" = NEW."id") BEGIN
  INSERT INTO "rc_pending_exception" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "exception"."id", "exception"."venue_id", "exception"."resource_id", "exception"."date", "exception"."wall_start_min", "exception"."wall_end_min", "exception"."closed", "exception"."reason" FROM "exception" WHERE "exception"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_exception" WHERE "exception"."id" = "rc_pending_exception".o0);
END;
CREATE TRIGGER "rc_exception_before_update" BEFORE UPDATE ON "exception"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "exception" WHERE "exception"."id" = NEW."id" AND NOT ("exception"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_exception" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "exception"."id", "exception"."venue_id", "exception"."resource_id", "exception"."date", "exception"."wall_start_min", "exception"."wall_end_min", "exception"."closed", "exception"."reason" FROM "exception" WHERE "exception"."id" = NEW."id" AND NOT ("exception"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_exception" WHERE "exception"."id" = "rc_pending_exception".o0);
END;
CREATE TRIGGER "rc_exception_insert" AFTER INSERT ON "exception" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_exception" WHERE NEW."id" = "rc_pending_exception".o0;
  DELETE FROM "rc_pending_exception" WHERE NEW."id" = "rc_pending_exception".o0;
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 1, NEW."id", NEW."venue_id", NEW."resource_id", NEW."date", NEW."wall_start_min", NEW."wall_end_min", NEW."closed", NEW."reason");
END;
CREATE TRIGGER "rc_exception_update" AFTER UPDATE ON "exception"
WHEN NEW."id" IS OLD."id" BEGIN
  DELETE FROM "rc_pending_exception" WHERE OLD."id" = "rc_pending_exception".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 2, OLD."id", OLD."venue_id", OLD."resource_id", OLD."date", OLD."wall_start_min", OLD."wall_end_min", OLD."closed", OLD."reason", NEW."id", NEW."venue_id", NEW."resource_id", NEW."date", NEW."wall_start_min", NEW."wall_end_min", NEW."closed", NEW."reason");
END;
CREATE TRIGGER "rc_exception_update_key" AFTER UPDATE ON "exception"
WHEN NOT (NEW."id" IS OLD."id") BEGIN
  DELETE FROM "rc_pending_exception" WHERE OLD."id" = "rc_pending_exception".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_exception" WHERE NEW."id" = "rc_pending_exception".o0;
  DELETE FROM "rc_pending_exception" WHERE NEW."id" = "rc_pending_exception".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 2, OLD."id", OLD."venue_id", OLD."resource_id", OLD."date", OLD."wall_start_min", OLD."wall_end_min", OLD."closed", OLD."reason", NEW."id", NEW."venue_id", NEW."resource_id", NEW."date", NEW."wall_start_min", NEW."wall_end_min", NEW."closed", NEW."reason");
END;
CREATE TRIGGER "rc_exception_delete" AFTER DELETE ON "exception" BEGIN
  DELETE FROM "rc_pending_exception" WHERE OLD."id" = "rc_pending_exception".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'exception', 3, OLD."id", OLD."venue_id", OLD."resource_id", OLD."date", OLD."wall_start_min", OLD."wall_end_min", OLD."closed", OLD."reason");
END;
CREATE TABLE "rc_pending_session_rule" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6);
CREATE TRIGGER "rc_session_rule_before_insert" BEFORE INSERT ON "session_rule"
WHEN EXISTS (SELECT 1 FROM "session_rule" WHERE "session_rule"."id" = NEW."id") BEGIN
  INSERT INTO "rc_pending_session_rule" (o0, o1, o2, o3, o4, o5, o6)
    SELECT "session_rule"."id", "session_rule"."resource_id", "session_rule"."rrule", "session_rule"."wall_start_min", "session_rule"."wall_end_min", "session_rule"."valid_from", "session_rule"."valid_to" FROM "session_rule" WHERE "session_rule"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session_rule" WHERE "session_rule"."id" = "rc_pending_session_rule".o0);
END;
CREATE TRIGGER "rc_session_rule_before_update" BEFORE UPDATE ON "session_rule"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "session_rule" WHERE "session_rule"."id" = NEW."id" AND NOT ("session_rule"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_session_rule" (o0, o1, o2, o3, o4, o5, o6)
    SELECT "session_rule"."id", "session_rule"."resource_id", "session_rule"."rrule", "session_rule"."wall_start_min", "session_rule"."wall_end_min", "session_rule"."valid_from", "session_rule"."valid_to" FROM "session_rule" WHERE "session_rule"."id" = NEW."id" AND NOT ("session_rule"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session_rule" WHERE "session_rule"."id" = "rc_pending_session_rule".o0);
END;
CREATE TRIGGER "rc_session_rule_insert" AFTER INSERT ON "session_rule" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 3, o0, o1, o2, o3, o4, o5, o6 FROM "rc_pending_session_rule" WHERE NEW."id" = "rc_pending_session_rule".o0;
  DELETE FROM "rc_pending_session_rule" WHERE NEW."id" = "rc_pending_session_rule".o0;
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 1, NEW."id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_session_rule_update" AFTER UPDATE ON "session_rule"
WHEN NEW."id" IS OLD."id" BEGIN
  DELETE FROM "rc_pending_session_rule" WHERE OLD."id" = "rc_pending_session_rule".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, n0, n1, n2, n3, n4, n5, n6)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 2, OLD."id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to", NEW."id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_session_rule_update_key" AFTER UPDATE ON "session_rule"
WHEN NOT (NEW."id" IS OLD."id") BEGIN
  DELETE FROM "rc_pending_session_rule" WHERE OLD."id" = "rc_pending_session_rule".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 3, o0, o1, o2, o3, o4, o5, o6 FROM "rc_pending_session_rule" WHERE NEW."id" = "rc_pending_session_rule".o0;
  DELETE FROM "rc_pending_session_rule" WHERE NEW."id" = "rc_pending_session_rule".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, n0, n1, n2, n3, n4, n5, n6)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 2, OLD."id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to", NEW."id", NEW."resource_id", NEW."rrule", NEW."wall_start_min", NEW."wall_end_min", NEW."valid_from", NEW."valid_to");
END;
CREATE TRIGGER "rc_session_rule_delete" AFTER DELETE ON "session_rule" BEGIN
  DELETE FROM "rc_pending_session_rule" WHERE OLD."id" = "rc_pending_session_rule".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session_rule', 3, OLD."id", OLD."resource_id", OLD."rrule", OLD."wall_start_min", OLD."wall_end_min", OLD."valid_from", OLD."valid_to");
END;
CREATE TABLE "rc_pending_session" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7);
CREATE INDEX "rc_pending_session_1" ON "rc_pending_session" (o1, o3);
CREATE TRIGGER "rc_session_before_insert" BEFORE INSERT ON "session"
WHEN EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "session" WHERE "session"."resource_id" = NEW."resource_id" AND "session"."starts_at" = NEW."starts_at") BEGIN
  INSERT INTO "rc_pending_session" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "session"."id", "session"."resource_id", "session"."rule_id", "session"."starts_at", "session"."ends_at", "session"."capacity", "session"."taken", "session"."taken_by" FROM "session" WHERE "session"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session" WHERE "session"."id" = "rc_pending_session".o0);
  INSERT INTO "rc_pending_session" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "session"."id", "session"."resource_id", "session"."rule_id", "session"."starts_at", "session"."ends_at", "session"."capacity", "session"."taken", "session"."taken_by" FROM "session" WHERE "session"."resource_id" = NEW."resource_id" AND "session"."starts_at" = NEW."starts_at"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session" WHERE "session"."id" = "rc_pending_session".o0);
END;
CREATE TRIGGER "rc_session_before_update" BEFORE UPDATE ON "session"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = NEW."id" AND NOT ("session"."id" = OLD."id"))
  OR NOT (NEW."resource_id" IS OLD."resource_id" AND NEW."starts_at" IS OLD."starts_at") AND EXISTS (SELECT 1 FROM "session" WHERE "session"."resource_id" = NEW."resource_id" AND "session"."starts_at" = NEW."starts_at" AND NOT ("session"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_session" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "session"."id", "session"."resource_id", "session"."rule_id", "session"."starts_at", "session"."ends_at", "session"."capacity", "session"."taken", "session"."taken_by" FROM "session" WHERE "session"."id" = NEW."id" AND NOT ("session"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session" WHERE "session"."id" = "rc_pending_session".o0);
  INSERT INTO "rc_pending_session" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "session"."id", "session"."resource_id", "session"."rule_id", "session"."starts_at", "session"."ends_at", "session"."capacity", "session"."taken", "session"."taken_by" FROM "session" WHERE "session"."resource_id" = NEW."resource_id" AND "session"."starts_at" = NEW."starts_at" AND NOT ("session"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_session" WHERE "session"."id" = "rc_pending_session".o0);
END;
CREATE TRIGGER "rc_session_insert" AFTER INSERT ON "session" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_session" WHERE NEW."id" = "rc_pending_session".o0;
  DELETE FROM "rc_pending_session" WHERE NEW."id" = "rc_pending_session".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_session" WHERE NEW."resource_id" = "rc_pending_session".o1 AND NEW."starts_at" = "rc_pending_session".o3
    AND NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = "rc_pending_session".o0);
  DELETE FROM "rc_pending_session" WHERE NEW."resource_id" = "rc_pending_session".o1 AND NEW."starts_at" = "rc_pending_session".o3
    AND NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = "rc_pending_session".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 1, NEW."id", NEW."resource_id", NEW."rule_id", NEW."starts_at", NEW."ends_at", NEW."capacity", NEW."taken", NEW."taken_by");
END;
CREATE TRIGGER "rc_session_update" AFTER UPDATE ON "session"
WHEN NEW."id" IS OLD."id" AND NEW."resource_id" IS OLD."resource_id" AND NEW."starts_at" IS OLD."starts_at" BEGIN
  DELETE FROM "rc_pending_session" WHERE OLD."id" = "rc_pending_session".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 2, OLD."id", OLD."resource_id", OLD."rule_id", OLD."starts_at", OLD."ends_at", OLD."capacity", OLD."taken", OLD."taken_by", NEW."id", NEW."resource_id", NEW."rule_id", NEW."starts_at", NEW."ends_at", NEW."capacity", NEW."taken", NEW."taken_by");
END;
CREATE TRIGGER "rc_session_update_key" AFTER UPDATE ON "session"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."resource_id" IS OLD."resource_id" AND NEW."starts_at" IS OLD."starts_at") BEGIN
  DELETE FROM "rc_pending_session" WHERE OLD."id" = "rc_pending_session".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_session" WHERE NEW."id" = "rc_pending_session".o0;
  DELETE FROM "rc_pending_session" WHERE NEW."id" = "rc_pending_session".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_session" WHERE NEW."resource_id" = "rc_pending_session".o1 AND NEW."starts_at" = "rc_pending_session".o3
    AND NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = "rc_pending_session".o0);
  DELETE FROM "rc_pending_session" WHERE NEW."resource_id" = "rc_pending_session".o1 AND NEW."starts_at" = "rc_pending_session".o3
    AND NOT EXISTS (SELECT 1 FROM "session" WHERE "session"."id" = "rc_pending_session".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 2, OLD."id", OLD."resource_id", OLD."rule_id", OLD."starts_at", OLD."ends_at", OLD."capacity", OLD."taken", OLD."taken_by", NEW."id", NEW."resource_id", NEW."rule_id", NEW."starts_at", NEW."ends_at", NEW."capacity", NEW."taken", NEW."taken_by");
END;
CREATE TRIGGER "rc_session_delete" AFTER DELETE ON "session" BEGIN
  DELETE FROM "rc_pending_session" WHERE OLD."id" = "rc_pending_session".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'session', 3, OLD."id", OLD."resource_id", OLD."rule_id", OLD."starts_at", OLD."ends_at", OLD."capacity", OLD."taken", OLD."taken_by");
END;
CREATE TABLE "rc_pending_booking" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15);
CREATE INDEX "rc_pending_booking_1" ON "rc_pending_booking" (o1);
CREATE TRIGGER "rc_booking_before_insert" BEFORE INSERT ON "booking"
WHEN EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = NEW."id")
  OR EXISTS (SELECT 1 FROM "booking" WHERE "booking"."ref" = NEW."ref") BEGIN
  INSERT INTO "rc_pending_booking" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT "booking"."id", "booking"."ref", "booking"."service_id", "booking"."resource_id", "booking"."customer_id", "booking"."state", "booking"."starts_at", "booking"."ends_at", "booking"."tz", "booking"."wall_start", "booking"."party", "booking"."hold_expires_at", "booking"."hold_extensions", "booking"."version", "booking"."created_at", "booking"."updated_at" FROM "booking" WHERE "booking"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  INSERT INTO "rc_pending_booking" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT "booking"."id", "booking"."ref", "booking"."service_id", "booking"."resource_id", "booking"."customer_id", "booking"."state", "booking"."starts_at", "booking"."ends_at", "booking"."tz", "booking"."wall_start", "booking"."party", "booking"."hold_expires_at", "booking"."hold_extensions", "booking"."version", "booking"."created_at", "booking"."updated_at" FROM "booking" WHERE "booking"."ref" = NEW."ref"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_booking" WHERE "booking"."id" = "rc_pending_booking".o0);
END;
CREATE TRIGGER "rc_booking_before_update" BEFORE UPDATE ON "booking"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = NEW."id" AND NOT ("booking"."id" = OLD."id"))
  OR NOT (NEW."ref" IS OLD."ref") AND EXISTS (SELECT 1 FROM "booking" WHERE "booking"."ref" = NEW."ref" AND NOT ("booking"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_booking" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT "booking"."id", "booking"."ref", "booking"."service_id", "booking"."resource_id", "booking"."customer_id", "booking"."state", "booking"."starts_at", "booking"."ends_at", "booking"."tz", "booking"."wall_start", "booking"."party", "booking"."hold_expires_at", "booking"."hold_extensions", "booking"."version", "booking"."created_at", "booking"."updated_at" FROM "booking" WHERE "booking"."id" = NEW."id" AND NOT ("booking"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  INSERT INTO "rc_pending_booking" (o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT "booking"."id", "booking"."ref", "booking"."service_id", "booking"."resource_id", "booking"."customer_id", "booking"."state", "booking"."starts_at", "booking"."ends_at", "booking"."tz", "booking"."wall_start", "booking"."party", "booking"."hold_expires_at", "booking"."hold_extensions", "booking"."version", "booking"."created_at", "booking"."updated_at" FROM "booking" WHERE "booking"."ref" = NEW."ref" AND NOT ("booking"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_booking" WHERE "booking"."id" = "rc_pending_booking".o0);
END;
CREATE TRIGGER "rc_booking_insert" AFTER INSERT ON "booking" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15 FROM "rc_pending_booking" WHERE NEW."id" = "rc_pending_booking".o0;
  DELETE FROM "rc_pending_booking" WHERE NEW."id" = "rc_pending_booking".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15 FROM "rc_pending_booking" WHERE NEW."ref" = "rc_pending_booking".o1
    AND NOT EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  DELETE FROM "rc_pending_booking" WHERE NEW."ref" = "rc_pending_booking".o1
    AND NOT EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 1, NEW."id", NEW."ref", NEW."service_id", NEW."resource_id", NEW."customer_id", NEW."state", NEW."starts_at", NEW."ends_at", NEW."tz", NEW."wall_start", NEW."party", NEW."hold_expires_at", NEW."hold_extensions", NEW."version", NEW."created_at", NEW."updated_at");
END;
CREATE TRIGGER "rc_booking_update" AFTER UPDATE ON "booking"
WHEN NEW."id" IS OLD."id" AND NEW."ref" IS OLD."ref" BEGIN
  DELETE FROM "rc_pending_booking" WHERE OLD."id" = "rc_pending_booking".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 2, OLD."id", OLD."ref", OLD."service_id", OLD."resource_id", OLD."customer_id", OLD."state", OLD."starts_at", OLD."ends_at", OLD."tz", OLD."wall_start", OLD."party", OLD."hold_expires_at", OLD."hold_extensions", OLD."version", OLD."created_at", OLD."updated_at", NEW."id", NEW."ref", NEW."service_id", NEW."resource_id", NEW."customer_id", NEW."state", NEW."starts_at", NEW."ends_at", NEW."tz", NEW."wall_start", NEW."party", NEW."hold_expires_at", NEW."hold_extensions", NEW."version", NEW."created_at", NEW."updated_at");
END;
CREATE TRIGGER "rc_booking_update_key" AFTER UPDATE ON "booking"
WHEN NOT (NEW."id" IS OLD."id" AND NEW."ref" IS OLD."ref") BEGIN
  DELETE FROM "rc_pending_booking" WHERE OLD."id" = "rc_pending_booking".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15 FROM "rc_pending_booking" WHERE NEW."id" = "rc_pending_booking".o0;
  DELETE FROM "rc_pending_booking" WHERE NEW."id" = "rc_pending_booking".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 3, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15 FROM "rc_pending_booking" WHERE NEW."ref" = "rc_pending_booking".o1
    AND NOT EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  DELETE FROM "rc_pending_booking" WHERE NEW."ref" = "rc_pending_booking".o1
    AND NOT EXISTS (SELECT 1 FROM "booking" WHERE "booking"."id" = "rc_pending_booking".o0);
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15, n0, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, n12, n13, n14, n15)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 2, OLD."id", OLD."ref", OLD."service_id", OLD."resource_id", OLD."customer_id", OLD."state", OLD."starts_at", OLD."ends_at", OLD."tz", OLD."wall_start", OLD."party", OLD."hold_expires_at", OLD."hold_extensions", OLD."version", OLD."created_at", OLD."updated_at", NEW."id", NEW."ref", NEW."service_id", NEW."resource_id", NEW."customer_id", NEW."state", NEW."starts_at", NEW."ends_at", NEW."tz", NEW."wall_start", NEW."party", NEW."hold_expires_at", NEW."hold_extensions", NEW."version", NEW."created_at", NEW."updated_at");
END;
CREATE TRIGGER "rc_booking_delete" AFTER DELETE ON "booking" BEGIN
  DELETE FROM "rc_pending_booking" WHERE OLD."id" = "rc_pending_booking".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, o8, o9, o10, o11, o12, o13, o14, o15)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'booking', 3, OLD."id", OLD."ref", OLD."service_id", OLD."resource_id", OLD."customer_id", OLD."state", OLD."starts_at", OLD."ends_at", OLD."tz", OLD."wall_start", OLD."party", OLD."hold_expires_at", OLD."hold_extensions", OLD."version", OLD."created_at", OLD."updated_at");
END;
CREATE TABLE "rc_pending_claim" (o0 INTEGER PRIMARY KEY, o1, o2, o3, o4, o5, o6, o7);
CREATE TRIGGER "rc_claim_before_insert" BEFORE INSERT ON "claim"
WHEN EXISTS (SELECT 1 FROM "claim" WHERE "claim"."id" = NEW."id") BEGIN
  INSERT INTO "rc_pending_claim" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "claim"."id", "claim"."booking_id", "claim"."resource_id", "claim"."lane", "claim"."lo", "claim"."hi", "claim"."qty", "claim"."session_id" FROM "claim" WHERE "claim"."id" = NEW."id"
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_claim" WHERE "claim"."id" = "rc_pending_claim".o0);
END;
CREATE TRIGGER "rc_claim_before_update" BEFORE UPDATE ON "claim"
WHEN NOT (NEW."id" IS OLD."id") AND EXISTS (SELECT 1 FROM "claim" WHERE "claim"."id" = NEW."id" AND NOT ("claim"."id" = OLD."id")) BEGIN
  INSERT INTO "rc_pending_claim" (o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT "claim"."id", "claim"."booking_id", "claim"."resource_id", "claim"."lane", "claim"."lo", "claim"."hi", "claim"."qty", "claim"."session_id" FROM "claim" WHERE "claim"."id" = NEW."id" AND NOT ("claim"."id" = OLD."id")
    AND NOT EXISTS (SELECT 1 FROM "rc_pending_claim" WHERE "claim"."id" = "rc_pending_claim".o0);
END;
CREATE TRIGGER "rc_claim_insert" AFTER INSERT ON "claim" BEGIN
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_claim" WHERE NEW."id" = "rc_pending_claim".o0;
  DELETE FROM "rc_pending_claim" WHERE NEW."id" = "rc_pending_claim".o0;
  INSERT INTO rc_log (at, tbl, op, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 1, NEW."id", NEW."booking_id", NEW."resource_id", NEW."lane", NEW."lo", NEW."hi", NEW."qty", NEW."session_id");
END;
CREATE TRIGGER "rc_claim_update" AFTER UPDATE ON "claim"
WHEN NEW."id" IS OLD."id" BEGIN
  DELETE FROM "rc_pending_claim" WHERE OLD."id" = "rc_pending_claim".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 2, OLD."id", OLD."booking_id", OLD."resource_id", OLD."lane", OLD."lo", OLD."hi", OLD."qty", OLD."session_id", NEW."id", NEW."booking_id", NEW."resource_id", NEW."lane", NEW."lo", NEW."hi", NEW."qty", NEW."session_id");
END;
CREATE TRIGGER "rc_claim_update_key" AFTER UPDATE ON "claim"
WHEN NOT (NEW."id" IS OLD."id") BEGIN
  DELETE FROM "rc_pending_claim" WHERE OLD."id" = "rc_pending_claim".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    SELECT CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 3, o0, o1, o2, o3, o4, o5, o6, o7 FROM "rc_pending_claim" WHERE NEW."id" = "rc_pending_claim".o0;
  DELETE FROM "rc_pending_claim" WHERE NEW."id" = "rc_pending_claim".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7, n0, n1, n2, n3, n4, n5, n6, n7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 2, OLD."id", OLD."booking_id", OLD."resource_id", OLD."lane", OLD."lo", OLD."hi", OLD."qty", OLD."session_id", NEW."id", NEW."booking_id", NEW."resource_id", NEW."lane", NEW."lo", NEW."hi", NEW."qty", NEW."session_id");
END;
CREATE TRIGGER "rc_claim_delete" AFTER DELETE ON "claim" BEGIN
  DELETE FROM "rc_pending_claim" WHERE OLD."id" = "rc_pending_claim".o0;
  INSERT INTO rc_log (at, tbl, op, o0, o1, o2, o3, o4, o5, o6, o7)
    VALUES (CAST((julianday('now') - 2440587.5) * 86400000 + 0.5 AS INTEGER) * 1000, 'claim', 3, OLD."id", OLD."booking_id", OLD."resource_id", OLD."lane", OLD."lo", OLD."hi", OLD."qty", OLD."session_id");
END;
-- down
DROP TRIGGER IF EXISTS "rc_venue_before_insert";
DROP TRIGGER IF EXISTS "rc_venue_before_update";
DROP TRIGGER IF EXISTS "rc_venue_insert";
DROP TRIGGER IF EXISTS "rc_venue_update";
DROP TRIGGER IF EXISTS "rc_venue_update_key";
DROP TRIGGER IF EXISTS "rc_venue_delete";
DROP TABLE IF EXISTS "rc_pending_venue";
DROP TRIGGER IF EXISTS "rc_resource_before_insert";
DROP TRIGGER IF EXISTS "rc_resource_before_update";
DROP TRIGGER IF EXISTS "rc_resource_insert";
DROP TRIGGER IF EXISTS "rc_resource_update";
DROP TRIGGER IF EXISTS "rc_resource_update_key";
DROP TRIGGER IF EXISTS "rc_resource_delete";
DROP TABLE IF EXISTS "rc_pending_resource";
DROP TRIGGER IF EXISTS "rc_service_before_insert";
DROP TRIGGER IF EXISTS "rc_service_before_update";
DROP TRIGGER IF EXISTS "rc_service_insert";
DROP TRIGGER IF EXISTS "rc_service_update";
DROP TRIGGER IF EXISTS "rc_service_update_key";
DROP TRIGGER IF EXISTS "rc_service_delete";
DROP TABLE IF EXISTS "rc_pending_service";
DROP TRIGGER IF EXISTS "rc_service_resource_before_insert";
DROP TRIGGER IF EXISTS "rc_service_resource_before_update";
DROP TRIGGER IF EXISTS "rc_service_resource_insert";
DROP TRIGGER IF EXISTS "rc_service_resource_update";
DROP TRIGGER IF EXISTS "rc_service_resource_update_key";
DROP TRIGGER IF EXISTS "rc_service_resource_delete";
DROP TABLE IF EXISTS "rc_pending_service_resource";
DROP TRIGGER IF EXISTS "rc_hours_before_insert";
DROP TRIGGER IF EXISTS "rc_hours_before_update";
DROP TRIGGER IF EXISTS "rc_hours_insert";
DROP TRIGGER IF EXISTS "rc_hours_update";
DROP TRIGGER IF EXISTS "rc_hours_update_key";
DROP TRIGGER IF EXISTS "rc_hours_delete";
DROP TABLE IF EXISTS "rc_pending_hours";
DROP TRIGGER IF EXISTS "rc_exception_before_insert";
DROP TRIGGER IF EXISTS "rc_exception_before_update";
DROP TRIGGER IF EXISTS "rc_exception_insert";
DROP TRIGGER IF EXISTS "rc_exception_update";
DROP TRIGGER IF EXISTS "rc_exception_update_key";
DROP TRIGGER IF EXISTS "rc_exception_delete";
DROP TABLE IF EXISTS "rc_pending_exception";
DROP TRIGGER IF EXISTS "rc_session_rule_before_insert";
DROP TRIGGER IF EXISTS "rc_session_rule_before_update";
DROP TRIGGER IF EXISTS "rc_session_rule_insert";
DROP TRIGGER IF EXISTS "rc_session_rule_update";
DROP TRIGGER IF EXISTS "rc_session_rule_update_key";
DROP TRIGGER IF EXISTS "rc_session_rule_delete";
DROP TABLE IF EXISTS "rc_pending_session_rule";
DROP TRIGGER IF EXISTS "rc_session_before_insert";
DROP TRIGGER IF EXISTS "rc_session_before_update";
DROP TRIGGER IF EXISTS "rc_session_insert";
DROP TRIGGER IF EXISTS "rc_session_update";
DROP TRIGGER IF EXISTS "rc_session_update_key";
DROP TRIGGER IF EXISTS "rc_session_delete";
DROP TABLE IF EXISTS "rc_pending_session";
DROP TRIGGER IF EXISTS "rc_booking_before_insert";
DROP TRIGGER IF EXISTS "rc_booking_before_update";
DROP TRIGGER IF EXISTS "rc_booking_insert";
DROP TRIGGER IF EXISTS "rc_booking_update";
DROP TRIGGER IF EXISTS "rc_booking_update_key";
DROP TRIGGER IF EXISTS "rc_booking_delete";
DROP TABLE IF EXISTS "rc_pending_booking";
DROP TRIGGER IF EXISTS "rc_claim_before_insert";
DROP TRIGGER IF EXISTS "rc_claim_before_update";
DROP TRIGGER IF EXISTS "rc_claim_insert";
DROP TRIGGER IF EXISTS "rc_claim_update";
DROP TRIGGER IF EXISTS "rc_claim_update_key";
DROP TRIGGER IF EXISTS "rc_claim_delete";
DROP TABLE IF EXISTS "rc_pending_claim";
DROP TABLE operator_token;
DROP TABLE audit;
DROP TABLE idempotency;
DROP TABLE waitlist;
DROP TABLE claim;
DROP TABLE booking;
DROP TABLE customer;
DROP TABLE session;
DROP TABLE session_rule;
DROP TABLE exception;
DROP TABLE hours;
DROP TABLE service_resource;
DROP TABLE service;
DROP TABLE resource;
DROP TABLE venue;
DROP TABLE rc_log;
DROP TABLE rc_meta;
