-- name: newest(workspace_id)^
SELECT workspace_id, size, serial, note, sealed_at
  FROM audit_checkpoints
 WHERE workspace_id = :workspace_id
 ORDER BY size DESC
 LIMIT 1;

-- name: page(workspace_id, below, at_most)
-- Newest first; `below` (a size, or null) is where the page before ended.
SELECT workspace_id, size, serial, note, sealed_at
  FROM audit_checkpoints
 WHERE workspace_id = :workspace_id AND (:below::bigint IS NULL OR size < :below)
 ORDER BY size DESC
 LIMIT :at_most;

-- name: made_after(serial, at_most)
-- Of all workspaces, in the order in which they were made.
SELECT workspace_id, size, serial, note, sealed_at
  FROM audit_checkpoints
 WHERE serial > :serial
 ORDER BY serial
 LIMIT :at_most;

-- name: spread(workspace_id, upto, most)
-- About `most` checkpoints up to a size, evenly spread and ending with the last; and of every key its last.
SELECT workspace_id, size, serial, note, sealed_at
  FROM (SELECT c.*, row_number() OVER (ORDER BY size DESC) - 1 AS age, count(*) OVER () AS total,
               row_number() OVER (PARTITION BY key_number ORDER BY size DESC) = 1 AS last_of_key
          FROM audit_checkpoints AS c
         WHERE workspace_id = :workspace_id AND size <= :upto) AS aged
 WHERE last_of_key OR age % (1 + total / :most::bigint) = 0
 ORDER BY size;

-- name: held(workspace_ids, sizes, notes)
-- Which of these were made here: the subscripts.
SELECT p.n
  FROM unnest(:workspace_ids::uuid[], :sizes::bigint[], :notes::text[]) WITH ORDINALITY AS p (workspace_id, size, note, n)
  JOIN audit_checkpoints AS c ON c.workspace_id = p.workspace_id AND c.size = p.size AND c.note = p.note;
