-- Rules of claims that PostgreSQL cannot declare: what guards.sqlite.sql says, for writers that run beside each other. The
-- overlap rule is the constraint claim_no_overlap itself. Messages reach people who write SQL by hand: they say why.
--
-- Who inserts or moves a claim first locks its resource's row until the commit (weaker than what deleting it needs, so foreign
-- keys do not wait): nobody changes capacity or kind beneath it, and two who want one lane wait in line instead of for each
-- other. session.taken is changed by one conditional UPDATE, which looks again when it had to wait: never beyond capacity.
--
-- The functions see all rows whoever writes (SECURITY DEFINER) and only this schema (SET search_path).

CREATE FUNCTION claim_place() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  place record;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.id < 1 THEN
      RAISE check_violation USING CONSTRAINT = 'claim_id', MESSAGE = 'claim_id: ids of claims begin at 1';
    END IF;
  ELSIF NEW.id <> OLD.id THEN
    RAISE check_violation USING CONSTRAINT = 'claim_id', MESSAGE = 'claim_id: the id of a claim does not change';
  ELSIF OLD.session_id IS NOT NULL OR NEW.session_id IS NOT NULL THEN
    RAISE check_violation USING CONSTRAINT = 'claim_session', MESSAGE = 'claim_session: a claim on a session does not change; delete it and insert another';
  END IF;
  SELECT r.kind, r.capacity INTO place FROM resource r WHERE r.id = NEW.resource_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE check_violation USING CONSTRAINT = 'claim_resource', MESSAGE = 'claim_resource: there is no resource with this resource_id';
  ELSIF place.kind = 'session' AND TG_OP = 'UPDATE' THEN
    RAISE check_violation USING CONSTRAINT = 'claim_resource', MESSAGE = 'claim_resource: there is no timed resource with this resource_id';
  ELSIF place.kind = 'session' THEN
    IF NEW.lane <> 0 OR NOT EXISTS (SELECT FROM session s WHERE s.id = NEW.session_id AND s.resource_id = NEW.resource_id) THEN
      RAISE check_violation USING CONSTRAINT = 'claim_session', MESSAGE = 'claim_session: a claim on a session resource needs the session_id of one of its sessions and lane 0';
    END IF;
  ELSIF NEW.session_id IS NOT NULL OR NEW.qty <> 1 OR NEW.lane < 0
        OR NEW.lane >= (CASE place.kind WHEN 'pooled' THEN place.capacity ELSE 1 END) THEN
    RAISE check_violation USING CONSTRAINT = 'claim_lane', MESSAGE = 'claim_lane: a timed claim needs session_id NULL, qty 1 and a lane from 0 to capacity - 1 (exclusive: 0)';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER claim_place BEFORE INSERT OR UPDATE ON claim FOR EACH ROW EXECUTE FUNCTION claim_place();

-- After the row went in: before, ON CONFLICT could still leave it out.
CREATE FUNCTION claim_taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session SET taken = taken + NEW.qty, taken_by = NEW.id
    WHERE id = NEW.session_id AND resource_id = NEW.resource_id AND taken + NEW.qty <= capacity;
  IF NOT FOUND THEN
    RAISE check_violation USING CONSTRAINT = 'session_capacity', MESSAGE = 'session_capacity: this session has not that many places left';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_taken_insert AFTER INSERT ON claim FOR EACH ROW WHEN (NEW.session_id IS NOT NULL)
  EXECUTE FUNCTION claim_taken();

CREATE FUNCTION claim_left() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session SET taken = taken - OLD.qty, taken_by = -OLD.id WHERE id = OLD.session_id;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_taken_delete AFTER DELETE ON claim FOR EACH ROW WHEN (OLD.session_id IS NOT NULL)
  EXECUTE FUNCTION claim_left();

-- No row trigger sees a TRUNCATE: it would leave taken as it is.
CREATE FUNCTION claim_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM session WHERE taken > 0) THEN
    RAISE check_violation USING CONSTRAINT = 'claim_session', MESSAGE = 'claim_session: sessions count their claims; use DELETE instead of TRUNCATE';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER claim_truncate BEFORE TRUNCATE ON claim EXECUTE FUNCTION claim_truncate();

-- session.taken is what its claims add up to: only they change it.
CREATE FUNCTION session_taken() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    RAISE check_violation USING CONSTRAINT = 'session_taken', MESSAGE = 'session_taken: a new session has taken 0; its claims raise it';
  END IF;
  IF NOT coalesce(
    CASE WHEN NEW.taken_by > 0 THEN NEW.taken - OLD.taken = (SELECT qty FROM claim WHERE id = NEW.taken_by AND session_id = OLD.id)
         ELSE NEW.taken < OLD.taken AND NOT EXISTS (SELECT FROM claim WHERE id = -NEW.taken_by) END
    AND NEW.taken_by <> OLD.taken_by, false) THEN
    RAISE check_violation USING CONSTRAINT = 'session_taken', MESSAGE = 'session_taken: taken is not set by hand; insert or delete claims instead';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_taken_insert BEFORE INSERT ON session FOR EACH ROW
  WHEN (NEW.taken <> 0 OR NEW.taken_by <> 0 OR NEW.id < 1) EXECUTE FUNCTION session_taken();
CREATE TRIGGER session_taken_update BEFORE UPDATE ON session FOR EACH ROW
  WHEN (NEW.taken IS DISTINCT FROM OLD.taken OR NEW.taken_by IS DISTINCT FROM OLD.taken_by) EXECUTE FUNCTION session_taken();

CREATE FUNCTION session_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    RAISE check_violation USING CONSTRAINT = 'session_delete', MESSAGE = 'session_delete: this session has claims; cancel its bookings first';
  END IF;
  IF OLD.taken > 0 OR EXISTS (SELECT FROM session WHERE id = NEW.id AND id <> OLD.id AND taken > 0)
     OR EXISTS (SELECT FROM session WHERE resource_id = NEW.resource_id AND starts_at = NEW.starts_at AND taken > 0) THEN
    RAISE check_violation USING CONSTRAINT = 'session_replace', MESSAGE = 'session_replace: a session with claims keeps its id, resource and start; move its bookings first';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER session_keep_update BEFORE UPDATE ON session FOR EACH ROW
  WHEN (NEW.id <> OLD.id OR NEW.resource_id <> OLD.resource_id OR NEW.starts_at <> OLD.starts_at) EXECUTE FUNCTION session_keep();
CREATE TRIGGER session_keep_delete BEFORE DELETE ON session FOR EACH ROW WHEN (OLD.taken > 0) EXECUTE FUNCTION session_keep();

-- A resource keeps what its claims rely on.
CREATE FUNCTION resource_keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF EXISTS (SELECT FROM claim WHERE session_id IS NULL AND resource_id = OLD.id)
     OR EXISTS (SELECT FROM session WHERE resource_id = OLD.id AND taken > 0) THEN
    IF TG_OP = 'DELETE' THEN
      RAISE check_violation USING CONSTRAINT = 'resource_delete', MESSAGE = 'resource_delete: this resource has claims; cancel its bookings first';
    END IF;
    RAISE check_violation USING CONSTRAINT = 'resource_replace', MESSAGE = 'resource_replace: a resource with claims keeps its id and its kind';
  END IF;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER resource_keep_update BEFORE UPDATE ON resource FOR EACH ROW
  WHEN (NEW.id <> OLD.id OR NEW.kind <> OLD.kind) EXECUTE FUNCTION resource_keep();
CREATE TRIGGER resource_keep_delete BEFORE DELETE ON resource FOR EACH ROW EXECUTE FUNCTION resource_keep();

CREATE FUNCTION resource_capacity() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF NEW.kind = 'pooled' AND NEW.capacity < OLD.capacity
     AND EXISTS (SELECT FROM claim WHERE session_id IS NULL AND resource_id = NEW.id AND lane >= NEW.capacity
                 AND hi > clock_timestamp()) THEN
    RAISE check_violation USING CONSTRAINT = 'resource_capacity', MESSAGE = 'resource_capacity: lanes beyond this capacity are claimed in time to come; cancel or move these bookings first';
  END IF;
  IF NEW.kind = 'session' THEN
    IF EXISTS (SELECT FROM session WHERE resource_id = NEW.id AND starts_at > clock_timestamp() AND rule_id IS NOT NULL
               AND taken > NEW.capacity) THEN
      RAISE check_violation USING CONSTRAINT = 'resource_capacity', MESSAGE = 'resource_capacity: a session to come has more places taken than this capacity';
    END IF;
    UPDATE session SET capacity = NEW.capacity
      WHERE resource_id = NEW.id AND starts_at > clock_timestamp() AND rule_id IS NOT NULL;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER resource_capacity_update AFTER UPDATE ON resource FOR EACH ROW
  WHEN (NEW.capacity <> OLD.capacity) EXECUTE FUNCTION resource_capacity();

-- A booking's state and its claims go together, also when a person changes the state by hand. Claims go before their booking
-- does, or the foreign key would refuse.
CREATE FUNCTION booking_leaves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  DELETE FROM claim WHERE booking_id = OLD.id;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER booking_state_leaves AFTER UPDATE ON booking FOR EACH ROW
  WHEN (NEW.state IN ('rejected', 'expired', 'released', 'cancelled') AND NEW.state <> OLD.state) EXECUTE FUNCTION booking_leaves();
CREATE TRIGGER booking_delete_leaves BEFORE DELETE ON booking FOR EACH ROW EXECUTE FUNCTION booking_leaves();

CREATE FUNCTION booking_returns() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM claim WHERE booking_id = OLD.id) THEN
    RAISE check_violation USING CONSTRAINT = 'booking_claims', MESSAGE = 'booking_claims: this booking holds no place any more; insert its claims first';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER booking_state_returns BEFORE UPDATE ON booking FOR EACH ROW
  WHEN (OLD.state IN ('rejected', 'expired', 'released', 'cancelled')
        AND NEW.state NOT IN ('rejected', 'expired', 'released', 'cancelled')) EXECUTE FUNCTION booking_returns();
