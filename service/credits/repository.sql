-- Open reservations, so that those whose request died can be found.

-- name: open_reservation(workspace_id, reservation_id, now)!
INSERT INTO credit_reservations (workspace_id, reservation_id, reserved_at)
VALUES (:workspace_id, :reservation_id, :now);

-- name: close_reservation(workspace_id, reservation_id)$
-- Answers nothing when it is closed already; who closes it at this moment is waited for.
DELETE FROM credit_reservations WHERE workspace_id = :workspace_id AND reservation_id = :reservation_id
RETURNING true;

-- name: reservations_before(reserved_before)
-- Over all workspaces.
SELECT workspace_id, reservation_id FROM credit_reservations WHERE reserved_at < :reserved_before;
