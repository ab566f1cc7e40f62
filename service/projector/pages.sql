-- name: fitting(after, most_events, most_bytes)$
-- How many of the next events are below a size together. They are looked at as they are stored, compressed; what is
-- stored out of line is not read for it.
SELECT count(*)
  FROM (SELECT sum(pg_column_size(payload)) OVER (ORDER BY position) AS bytes
          FROM (SELECT position, payload FROM events
                 WHERE position > :after ORDER BY position LIMIT :most_events) AS next) AS sized
 WHERE bytes <= :most_bytes;
