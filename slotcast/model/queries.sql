-- Named queries: the hot path of the store, each one or a few index look-ups. rowgen turns them into typed functions.

-- name: lane_last :one
-- params: resource_id bigint, lane bigint, before timestamptz
-- The claim with the greatest beginning before an instant: if it ends at or before lo, the lane is free over [lo, before).
SELECT hi FROM claim
WHERE session_id IS NULL AND resource_id = $1 AND lane = $2 AND lo < $3
ORDER BY lo DESC LIMIT 1;

-- name: lanes_free :many
-- params: resource_id bigint, lo timestamptz, hi timestamptz, lanes bigint, wanted bigint
-- The lowest-numbered lanes that no claim uses in [lo, hi).
WITH RECURSIVE every (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM every WHERE n + 1 < $4)
SELECT n::bigint AS lane FROM every
WHERE coalesce((SELECT claim.hi FROM claim
                WHERE claim.session_id IS NULL AND claim.resource_id = $1 AND claim.lane = every.n AND claim.lo < $3
                ORDER BY claim.lo DESC LIMIT 1), $2) <= $2
LIMIT $5;

-- name: lanes_blocked :many
-- params: resource_id bigint, lo timestamptz, hi timestamptz, lanes bigint
-- Who stands in the way in [lo, hi): every claim with its booking's hold, by lane.
WITH RECURSIVE every (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM every WHERE n + 1 < $4)
SELECT claim.lane, booking.state, booking.hold_expires_at
FROM every
CROSS JOIN claim
CROSS JOIN booking
WHERE claim.session_id IS NULL AND claim.resource_id = $1 AND claim.lane = every.n AND claim.lo < $3 AND claim.hi > $2
  AND claim.lo >= coalesce((SELECT max(earlier.lo) FROM claim AS earlier
                            WHERE earlier.session_id IS NULL AND earlier.resource_id = $1 AND earlier.lane = every.n
                              AND earlier.lo <= $2), $2)
  AND booking.id = claim.booking_id
ORDER BY claim.lane;

-- name: session_holds :many
-- params: resource_id bigint, starts_at timestamptz, now timestamptz
-- Unexpired holds on one session, the first to end first.
SELECT booking.id, booking.party, booking.hold_expires_at FROM booking
WHERE booking.state = 'held' AND booking.hold_expires_at > $3 AND booking.resource_id = $1 AND booking.starts_at = $2
ORDER BY booking.hold_expires_at;

-- name: holds_ended :many
-- params: resource_id bigint, now timestamptz
-- Holds of one resource whose end has come and that nobody has tidied yet.
SELECT * FROM booking WHERE state = 'held' AND hold_expires_at <= $2 AND resource_id = $1;

-- name: holds_ended_any :many
-- params: now timestamptz, most bigint
SELECT * FROM booking WHERE state = 'held' AND hold_expires_at <= $1 ORDER BY hold_expires_at LIMIT $2;

-- name: holds_next_end :one
-- When the next hold ends; no row when there is none.
SELECT hold_expires_at FROM booking WHERE state = 'held' AND hold_expires_at IS NOT NULL ORDER BY hold_expires_at LIMIT 1;

-- name: booking_by_ref :one
-- params: ref text
SELECT * FROM booking WHERE ref = $1;

-- name: session_at :one
-- params: resource_id bigint, starts_at timestamptz
SELECT * FROM session WHERE resource_id = $1 AND starts_at = $2;

-- name: claims_delete :exec
-- params: booking_id bigint
DELETE FROM claim WHERE booking_id = $1;

-- name: waitlist_ahead :one
-- params: service_id bigint, id bigint
-- How many wait for the same service with a smaller id.
SELECT count(*)::bigint AS ahead FROM waitlist WHERE service_id = $1 AND state = 'waiting' AND id < $2;

-- name: idempotency_prune :exec
-- params: now timestamptz, most bigint
-- mariadb: DELETE FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2
DELETE FROM idempotency WHERE (scope, key) IN
  (SELECT scope, key FROM idempotency WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2);
