-- name: feed(after, most)
-- The next events in the order of their positions; why none is ever skipped, the function says.
SELECT * FROM feed(:after, :most);
