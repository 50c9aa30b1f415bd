CREATE TABLE `rc_meta` (
  `key` VARCHAR(255) NOT NULL,
  `value` LONGTEXT NOT NULL,
  PRIMARY KEY (`key`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `venue` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `slug` VARCHAR(255) NOT NULL,
  `name` LONGTEXT NOT NULL,
  `tz` LONGTEXT NOT NULL,
  `locale` LONGTEXT NOT NULL DEFAULT ('en'),
  `contact_phone` LONGTEXT NOT NULL DEFAULT (''),
  `contact_email` LONGTEXT NOT NULL DEFAULT (''),
  `limited_percent` BIGINT NOT NULL DEFAULT (25),
  PRIMARY KEY (`id`),
  UNIQUE KEY `venue_slug` (`slug`),
  CONSTRAINT `venue_limited_range` CHECK (limited_percent BETWEEN 0 AND 100)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `resource` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `venue_id` BIGINT NOT NULL,
  `key` VARCHAR(255) NOT NULL,
  `name` LONGTEXT NOT NULL,
  `kind` LONGTEXT NOT NULL,
  `capacity` BIGINT NOT NULL DEFAULT (1),
  PRIMARY KEY (`id`),
  UNIQUE KEY `resource_key` (`venue_id`, `key`),
  CONSTRAINT `resource_venue_id_fkey` FOREIGN KEY (`venue_id`) REFERENCES `venue` (`id`),
  CONSTRAINT `resource_kind` CHECK (kind IN ('exclusive', 'pooled', 'session')),
  CONSTRAINT `resource_capacity` CHECK (capacity BETWEEN 1 AND 100000)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `service` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `venue_id` BIGINT NOT NULL,
  `key` VARCHAR(255) NOT NULL,
  `name` LONGTEXT NOT NULL,
  `durations_min` JSON NOT NULL,
  `step_min` BIGINT NOT NULL,
  `buffer_before_min` BIGINT NOT NULL DEFAULT (0),
  `buffer_after_min` BIGINT NOT NULL DEFAULT (0),
  `notice_min` BIGINT NOT NULL DEFAULT (0),
  `horizon_days` BIGINT NOT NULL DEFAULT (90),
  `hold_ttl_s` BIGINT NOT NULL DEFAULT (300),
  `party_max` BIGINT NOT NULL DEFAULT (1),
  PRIMARY KEY (`id`),
  UNIQUE KEY `service_key` (`venue_id`, `key`),
  CONSTRAINT `service_venue_id_fkey` FOREIGN KEY (`venue_id`) REFERENCES `venue` (`id`),
  CONSTRAINT `service_step` CHECK (step_min BETWEEN 1 AND 1440),
  CONSTRAINT `service_hold` CHECK (hold_ttl_s BETWEEN 1 AND 86400)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `service_resource` (
  `service_id` BIGINT NOT NULL,
  `resource_id` BIGINT NOT NULL,
  PRIMARY KEY (`service_id`, `resource_id`),
  CONSTRAINT `service_resource_service_id_fkey` FOREIGN KEY (`service_id`) REFERENCES `service` (`id`),
  CONSTRAINT `service_resource_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `hours` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `venue_id` BIGINT NOT NULL,
  `resource_id` BIGINT,
  `rrule` LONGTEXT NOT NULL,
  `wall_start_min` BIGINT NOT NULL,
  `wall_end_min` BIGINT NOT NULL,
  `valid_from` DATE NOT NULL,
  `valid_to` DATE,
  PRIMARY KEY (`id`),
  CONSTRAINT `hours_venue_id_fkey` FOREIGN KEY (`venue_id`) REFERENCES `venue` (`id`),
  CONSTRAINT `hours_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `exception` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `venue_id` BIGINT NOT NULL,
  `resource_id` BIGINT,
  `date` DATE NOT NULL,
  `wall_start_min` BIGINT,
  `wall_end_min` BIGINT,
  `closed` BOOLEAN NOT NULL,
  `reason` LONGTEXT NOT NULL DEFAULT (''),
  PRIMARY KEY (`id`),
  CONSTRAINT `exception_venue_id_fkey` FOREIGN KEY (`venue_id`) REFERENCES `venue` (`id`),
  CONSTRAINT `exception_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `session_rule` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `resource_id` BIGINT NOT NULL,
  `rrule` LONGTEXT NOT NULL,
  `wall_start_min` BIGINT NOT NULL,
  `wall_end_min` BIGINT NOT NULL,
  `valid_from` DATE NOT NULL,
  `valid_to` DATE,
  PRIMARY KEY (`id`),
  CONSTRAINT `session_rule_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `session` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `resource_id` BIGINT NOT NULL,
  `rule_id` BIGINT,
  `starts_at` DATETIME(6) NOT NULL,
  `ends_at` DATETIME(6) NOT NULL,
  `capacity` BIGINT NOT NULL,
  `taken` BIGINT NOT NULL DEFAULT (0),
  `taken_by` BIGINT NOT NULL DEFAULT (0),
  PRIMARY KEY (`id`),
  UNIQUE KEY `session_start` (`resource_id`, `starts_at`),
  CONSTRAINT `session_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`),
  CONSTRAINT `session_span` CHECK (starts_at < ends_at),
  CONSTRAINT `session_capacity` CHECK (taken BETWEEN 0 AND capacity)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `customer` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `name` LONGTEXT NOT NULL,
  `email` LONGTEXT NOT NULL,
  `phone` LONGTEXT NOT NULL DEFAULT (''),
  `created_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `booking` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `ref` VARCHAR(255) NOT NULL,
  `service_id` BIGINT NOT NULL,
  `resource_id` BIGINT NOT NULL,
  `customer_id` BIGINT,
  `state` VARCHAR(255) NOT NULL,
  `starts_at` DATETIME(6) NOT NULL,
  `ends_at` DATETIME(6) NOT NULL,
  `tz` LONGTEXT NOT NULL,
  `wall_start` LONGTEXT NOT NULL,
  `party` BIGINT NOT NULL,
  `hold_expires_at` DATETIME(6),
  `hold_extensions` BIGINT NOT NULL DEFAULT (0),
  `version` BIGINT NOT NULL DEFAULT (1),
  `created_at` DATETIME(6) NOT NULL,
  `updated_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `booking_ref` (`ref`),
  KEY `booking_hold_expiry` (`state`, `hold_expires_at`, `resource_id`, `starts_at`),
  CONSTRAINT `booking_service_id_fkey` FOREIGN KEY (`service_id`) REFERENCES `service` (`id`),
  CONSTRAINT `booking_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`),
  CONSTRAINT `booking_customer_id_fkey` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`),
  CONSTRAINT `booking_span` CHECK (starts_at < ends_at),
  CONSTRAINT `booking_hold` CHECK (state <> 'held' OR hold_expires_at IS NOT NULL),
  CONSTRAINT `booking_state` CHECK (state IN ('held', 'pending', 'confirmed', 'rejected', 'expired', 'released', 'cancelled', 'checked_in', 'no_show', 'completed'))
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `claim` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `booking_id` BIGINT NOT NULL,
  `resource_id` BIGINT NOT NULL,
  `lane` BIGINT NOT NULL DEFAULT (0),
  `lo` DATETIME(6) NOT NULL,
  `hi` DATETIME(6) NOT NULL,
  `qty` BIGINT NOT NULL DEFAULT (1),
  `session_id` BIGINT,
  PRIMARY KEY (`id`),
  KEY `claim_booking` (`booking_id`),
  KEY `claim_place` (`session_id`, `resource_id`, `lane`, `lo`, `hi`),
  CONSTRAINT `claim_booking_id_fkey` FOREIGN KEY (`booking_id`) REFERENCES `booking` (`id`),
  CONSTRAINT `claim_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`),
  CONSTRAINT `claim_session_id_fkey` FOREIGN KEY (`session_id`) REFERENCES `session` (`id`),
  CONSTRAINT `claim_span` CHECK (lo < hi),
  CONSTRAINT `claim_qty` CHECK (qty >= 1)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `waitlist` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `service_id` BIGINT NOT NULL,
  `resource_id` BIGINT,
  `window_start` DATETIME(6) NOT NULL,
  `window_end` DATETIME(6) NOT NULL,
  `party` BIGINT NOT NULL,
  `customer_id` BIGINT NOT NULL,
  `state` VARCHAR(255) NOT NULL,
  `created_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  KEY `waitlist_waiting` (`state`, `service_id`),
  CONSTRAINT `waitlist_service_id_fkey` FOREIGN KEY (`service_id`) REFERENCES `service` (`id`),
  CONSTRAINT `waitlist_resource_id_fkey` FOREIGN KEY (`resource_id`) REFERENCES `resource` (`id`),
  CONSTRAINT `waitlist_customer_id_fkey` FOREIGN KEY (`customer_id`) REFERENCES `customer` (`id`),
  CONSTRAINT `waitlist_state` CHECK (state IN ('waiting', 'offered', 'accepted', 'declined', 'lapsed', 'withdrawn')),
  CONSTRAINT `waitlist_window` CHECK (window_start < window_end)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `idempotency` (
  `scope` VARCHAR(255) NOT NULL,
  `key` VARCHAR(255) NOT NULL,
  `fingerprint` LONGTEXT NOT NULL,
  `status` BIGINT NOT NULL,
  `response` LONGTEXT NOT NULL,
  `expires_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`scope`, `key`),
  KEY `idempotency_expiry` (`expires_at`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `audit` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `at` DATETIME(6) NOT NULL,
  `action` LONGTEXT NOT NULL,
  `ref` LONGTEXT NOT NULL,
  `detail` LONGTEXT NOT NULL DEFAULT (''),
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
CREATE TABLE `operator_token` (
  `id` BIGINT NOT NULL AUTO_INCREMENT,
  `token_hash` VARCHAR(255) NOT NULL,
  `created_at` DATETIME(6) NOT NULL,
  PRIMARY KEY (`id`),
  UNIQUE KEY `operator_token_hash` (`token_hash`)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
DELIMITER //
CREATE TRIGGER `claim_no_overlap_insert` BEFORE INSERT ON `claim` FOR EACH ROW
BEGIN
  DECLARE place BIGINT;
  DECLARE high_end DATETIME(6);
  IF NEW.`session_id` IS NULL THEN
    SELECT `id` INTO place FROM `resource` WHERE `id` = NEW.`resource_id` FOR UPDATE;
    SELECT `hi` INTO high_end FROM `claim` WHERE `resource_id` = NEW.`resource_id` AND `lane` = NEW.`lane` AND (session_id IS NULL) AND `lo` < NEW.`hi` AND NOT (`id` <=> NEW.`id`)
      ORDER BY `lo` DESC LIMIT 1 LOCK IN SHARE MODE;
    IF high_end > NEW.`lo` THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_no_overlap: another row of claim with the same resource_id and lane overlaps [lo, hi) of this one';
    END IF;
  END IF;
END//
CREATE TRIGGER `claim_no_overlap_update` BEFORE UPDATE ON `claim` FOR EACH ROW
BEGIN
  DECLARE place BIGINT;
  DECLARE high_end DATETIME(6);
  IF NEW.`session_id` IS NULL THEN
    SELECT `id` INTO place FROM `resource` WHERE `id` = NEW.`resource_id` FOR UPDATE;
    SELECT `hi` INTO high_end FROM `claim` WHERE `resource_id` = NEW.`resource_id` AND `lane` = NEW.`lane` AND (session_id IS NULL) AND `lo` < NEW.`hi` AND NOT (`id` <=> OLD.`id`)
      ORDER BY `lo` DESC LIMIT 1 LOCK IN SHARE MODE;
    IF high_end > NEW.`lo` THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_no_overlap: another row of claim with the same resource_id and lane overlaps [lo, hi) of this one';
    END IF;
  END IF;
END//
DELIMITER ;
-- Rules of claims that MariaDB cannot declare: what guards.sqlite.sql says, for writers that run beside each other. The overlap
-- rule itself is generated by rowgen from the EXCLUDE constraint (claim_no_overlap). Messages reach people who write SQL by
-- hand: they say why.
--
-- Who inserts a booking, a session or a claim first locks its resource's row (FOR UPDATE) until the commit, before the foreign
-- keys take their shared locks of it: so writers of one resource queue instead of waiting for each other. What a rule reads of
-- other rows, it reads with a lock too: then it is what is committed, whatever the transaction's snapshot says.
--
-- REPLACE deletes the row that is in its way and fires the delete triggers; ON DUPLICATE KEY UPDATE fires BEFORE INSERT first.

DELIMITER //
CREATE TRIGGER claim_place_insert BEFORE INSERT ON claim FOR EACH ROW
BEGIN
  DECLARE place_kind VARCHAR(255);
  DECLARE place_lanes, there BIGINT;
  SELECT kind, capacity INTO place_kind, place_lanes FROM resource WHERE id = NEW.resource_id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM claim WHERE id = NEW.id AND session_id IS NOT NULL) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_replace: a claim on a session is not replaced; delete it first, so that its places are given back';
  ELSEIF place_kind IS NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_resource: there is no resource with this resource_id';
  ELSEIF place_kind = 'session' THEN
    SELECT id INTO there FROM session WHERE id = NEW.session_id AND resource_id = NEW.resource_id FOR UPDATE;
    IF NEW.lane <> 0 OR there IS NULL THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_session: a claim on a session resource needs the session_id of one of its sessions and lane 0';
    END IF;
  ELSEIF NEW.session_id IS NOT NULL OR NEW.qty <> 1 OR NEW.lane < 0
         OR NEW.lane >= CASE place_kind WHEN 'pooled' THEN place_lanes ELSE 1 END THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_lane: a timed claim needs session_id NULL, qty 1 and a lane from 0 to capacity - 1 (exclusive: 0)';
  END IF;
END//
-- After the row went in: only then its id is drawn.
CREATE TRIGGER claim_taken_insert AFTER INSERT ON claim FOR EACH ROW
BEGIN
  IF NEW.id < 1 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_id: ids of claims begin at 1';
  END IF;
  IF NEW.session_id IS NOT NULL THEN
    UPDATE session SET taken = taken + NEW.qty, taken_by = NEW.id
      WHERE id = NEW.session_id AND resource_id = NEW.resource_id AND taken + NEW.qty <= capacity;
    IF ROW_COUNT() <> 1 THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_capacity: this session has not that many places left';
    END IF;
  END IF;
END//
CREATE TRIGGER claim_place_update BEFORE UPDATE ON claim FOR EACH ROW
BEGIN
  DECLARE place_kind VARCHAR(255);
  DECLARE place_lanes BIGINT;
  IF NEW.id <> OLD.id THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_id: the id of a claim does not change';
  ELSEIF OLD.session_id IS NOT NULL OR NEW.session_id IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_session: a claim on a session does not change; delete it and insert another';
  END IF;
  SELECT kind, capacity INTO place_kind, place_lanes FROM resource WHERE id = NEW.resource_id FOR UPDATE;
  IF place_kind IS NULL OR place_kind = 'session' THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_resource: there is no timed resource with this resource_id';
  ELSEIF NEW.qty <> 1 OR NEW.lane < 0 OR NEW.lane >= CASE place_kind WHEN 'pooled' THEN place_lanes ELSE 1 END THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'claim_lane: a timed claim needs session_id NULL, qty 1 and a lane from 0 to capacity - 1 (exclusive: 0)';
  END IF;
END//
CREATE TRIGGER claim_taken_delete AFTER DELETE ON claim FOR EACH ROW
BEGIN
  IF OLD.session_id IS NOT NULL THEN
    UPDATE session SET taken = taken - OLD.qty, taken_by = -OLD.id WHERE id = OLD.session_id;
  END IF;
END//

-- session.taken is what its claims add up to: only they change it.
CREATE TRIGGER session_place_insert BEFORE INSERT ON session FOR EACH ROW
BEGIN
  DECLARE place, there BIGINT;
  SELECT id INTO place FROM resource WHERE id = NEW.resource_id FOR UPDATE;
  SELECT id INTO there FROM session
    WHERE (id = NEW.id OR (resource_id = NEW.resource_id AND starts_at = NEW.starts_at)) AND taken > 0 LIMIT 1;
  IF there IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_replace: this session exists and has claims; update it instead';
  END IF;
END//
CREATE TRIGGER session_taken_insert AFTER INSERT ON session FOR EACH ROW
BEGIN
  IF NEW.taken <> 0 OR NEW.taken_by <> 0 OR NEW.id < 1 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_taken: a new session has taken 0; its claims raise it';
  END IF;
END//
CREATE TRIGGER session_taken_update BEFORE UPDATE ON session FOR EACH ROW
BEGIN
  IF NOT (NEW.taken <=> OLD.taken AND NEW.taken_by <=> OLD.taken_by) AND NOT coalesce(
    CASE WHEN NEW.taken_by > 0
         THEN NEW.taken - OLD.taken = (SELECT qty FROM claim WHERE id = NEW.taken_by AND session_id = OLD.id)
         ELSE NEW.taken < OLD.taken AND NOT EXISTS (SELECT 1 FROM claim WHERE id = -NEW.taken_by) END
    AND NEW.taken_by <> OLD.taken_by, false) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_taken: taken is not set by hand; insert or delete claims instead';
  END IF;
  IF NOT (NEW.id <=> OLD.id AND NEW.resource_id <=> OLD.resource_id AND NEW.starts_at <=> OLD.starts_at)
     AND (OLD.taken > 0 OR EXISTS (SELECT 1 FROM session WHERE id = NEW.id AND id <> OLD.id AND taken > 0)
          OR EXISTS (SELECT 1 FROM session WHERE resource_id = NEW.resource_id AND starts_at = NEW.starts_at AND taken > 0)) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_replace: a session with claims keeps its id, resource and start; move its bookings first';
  END IF;
END//
CREATE TRIGGER session_keep_delete BEFORE DELETE ON session FOR EACH ROW
BEGIN
  IF OLD.taken > 0 THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'session_delete: this session has claims; cancel its bookings first';
  END IF;
END//

-- A resource keeps what its claims rely on. Its own row is locked by then, so no claim comes beside these looks.
CREATE TRIGGER resource_keep_update BEFORE UPDATE ON resource FOR EACH ROW
BEGIN
  DECLARE there BIGINT;
  IF NOT (NEW.id <=> OLD.id AND NEW.kind <=> OLD.kind) THEN
    SELECT id INTO there FROM claim WHERE resource_id IN (OLD.id, NEW.id) LIMIT 1 LOCK IN SHARE MODE;
    IF there IS NOT NULL THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'resource_replace: a resource with claims keeps its id and its kind';
    END IF;
  END IF;
END//
CREATE TRIGGER resource_keep_delete BEFORE DELETE ON resource FOR EACH ROW
BEGIN
  DECLARE there BIGINT;
  SELECT id INTO there FROM claim WHERE resource_id = OLD.id LIMIT 1 LOCK IN SHARE MODE;
  IF there IS NOT NULL THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'resource_delete: this resource has claims; cancel its bookings first';
  END IF;
END//
CREATE TRIGGER resource_capacity_update AFTER UPDATE ON resource FOR EACH ROW
BEGIN
  DECLARE there BIGINT;
  IF NEW.kind = 'pooled' AND NEW.capacity < OLD.capacity THEN
    SELECT id INTO there FROM claim
      WHERE session_id IS NULL AND resource_id = NEW.id AND lane >= NEW.capacity AND hi > UTC_TIMESTAMP(6) LIMIT 1
      LOCK IN SHARE MODE;
    IF there IS NOT NULL THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'resource_capacity: lanes beyond this capacity are claimed in time to come; cancel or move these bookings first';
    END IF;
  ELSEIF NEW.kind = 'session' AND NEW.capacity <> OLD.capacity THEN
    SELECT id INTO there FROM session
      WHERE resource_id = NEW.id AND starts_at > UTC_TIMESTAMP(6) AND rule_id IS NOT NULL AND taken > NEW.capacity LIMIT 1
      LOCK IN SHARE MODE;
    IF there IS NOT NULL THEN
      SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'resource_capacity: a session to come has more places taken than this capacity';
    END IF;
    UPDATE session SET capacity = NEW.capacity
      WHERE resource_id = NEW.id AND starts_at > UTC_TIMESTAMP(6) AND rule_id IS NOT NULL;
  END IF;
END//

-- A booking's state and its claims go together, also when a person changes the state by hand. Claims go before their booking
-- does, or the foreign key would refuse.
CREATE TRIGGER booking_place_insert BEFORE INSERT ON booking FOR EACH ROW
BEGIN
  DECLARE place BIGINT;
  SELECT id INTO place FROM resource WHERE id = NEW.resource_id FOR UPDATE;
END//
CREATE TRIGGER booking_state_returns BEFORE UPDATE ON booking FOR EACH ROW
BEGIN
  IF OLD.state IN ('rejected', 'expired', 'released', 'cancelled')
     AND NEW.state NOT IN ('rejected', 'expired', 'released', 'cancelled')
     AND NOT EXISTS (SELECT 1 FROM claim WHERE booking_id = OLD.id) THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'booking_claims: this booking holds no place any more; insert its claims first';
  END IF;
END//
CREATE TRIGGER booking_state_leaves AFTER UPDATE ON booking FOR EACH ROW
BEGIN
  IF NEW.state IN ('rejected', 'expired', 'released', 'cancelled') AND NEW.state <> OLD.state THEN
    DELETE FROM claim WHERE booking_id = NEW.id;
  END IF;
END//
CREATE TRIGGER booking_delete_leaves BEFORE DELETE ON booking FOR EACH ROW
BEGIN
  DELETE FROM claim WHERE booking_id = OLD.id;
END//
DELIMITER ;
-- down
DROP TABLE `operator_token`;
DROP TABLE `audit`;
DROP TABLE `idempotency`;
DROP TABLE `waitlist`;
DROP TABLE `claim`;
DROP TABLE `booking`;
DROP TABLE `customer`;
DROP TABLE `session`;
DROP TABLE `session_rule`;
DROP TABLE `exception`;
DROP TABLE `hours`;
DROP TABLE `service_resource`;
DROP TABLE `service`;
DROP TABLE `resource`;
DROP TABLE `venue`;
DROP TABLE `rc_meta`;
