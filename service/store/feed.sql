-- name: feed(after, most)
-- The next events in the order of their positions; why none is ever skipped, the function says.
SELECT * FROM feed(:after, :most);

-- name: feed_below(after, most, most_bytes)
-- As many of them as are below a size together, but one. They are looked at as they are stored, compressed; what is
-- stored out of line is not read for it. This look may see less than the function does: it only sets the limit.
SELECT *
  FROM feed(:after, (
           SELECT greatest(count(*), 1)::integer
             FROM (SELECT sum(pg_column_size(payload)) OVER (ORDER BY position) AS bytes
                     FROM (SELECT position, payload FROM events
                            WHERE position > :after ORDER BY position LIMIT :most) AS next) AS sized
            WHERE bytes <= :most_bytes));
