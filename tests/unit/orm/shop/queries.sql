-- name: projects_titled :many
-- params: account bigint, title text
SELECT * FROM project WHERE account_id = $1 AND title = $2 AND deleted_at IS NULL ORDER BY id;

-- name: projects_everywhere_unscoped :one
SELECT count(*)::bigint AS n FROM project;
