-- Reading a part of the log in order, for auditors: the feed's rule for a reader who wants some streams only.

-- Up to here the log is settled: every event at or below it that will ever be there is there. By the rule of `feed`:
-- first the last position drawn, then the floors still locked. Read events in a later statement than this one.
CREATE FUNCTION settled_position() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = liftoff, pg_temp
AS $$
DECLARE
    drawn bigint;
BEGIN
    PERFORM require_read_committed();
    drawn := last_drawn_position();
    RETURN least(drawn, least_locked_floor());
END
$$;

REVOKE ALL ON FUNCTION settled_position FROM PUBLIC;
GRANT EXECUTE ON FUNCTION settled_position TO liftoff_app;
