-- Where in the log a moment is.

-- name: settled_position()$
SELECT settled_position();
