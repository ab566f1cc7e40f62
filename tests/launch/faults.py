"""Faults that a test puts into the database: one statement fails, by the means that Postgres itself has for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from msgspec import Struct

from service.database.pool import Connection

REFUSES: Final = "RAISE EXCEPTION 'broken by a test'"
CUTS_THE_CONNECTION: Final = "PERFORM pg_terminate_backend(pg_backend_pid())"


class Fault(Struct, frozen=True):
    """What the owner of the database executes to break it, and to repair it."""

    breaking: str
    repairing: str


def is_event(event_type: str) -> str:
    """The condition that a row of ``events`` is an event of this type."""
    return f"NEW.type = '{event_type}'"


def denying(right: str) -> Fault:
    """The application loses a right (``SELECT ON table``)."""
    return Fault(f"REVOKE {right} FROM liftoff_app", f"GRANT {right} TO liftoff_app")


def failing(
    table: str, *, when: str = "true", what: str = REFUSES, once: bool = False, at_commit: bool = False
) -> Fault:
    """Writing a row that is as ``when`` says fails: at once or at the commit, every time or only the first."""
    spared = "IF nextval('failures') > 1 THEN RETURN NEW; END IF;" if once else ""
    kind, time = (
        ("CONSTRAINT TRIGGER", "AFTER INSERT") if at_commit else ("TRIGGER", "BEFORE INSERT OR UPDATE")
    )
    deferred = "DEFERRABLE INITIALLY DEFERRED" if at_commit else ""
    return Fault(
        f"""
        CREATE SEQUENCE failures;  -- what is drawn from it is not given back by a rollback
        CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = liftoff
        AS $$ BEGIN {spared} {what}; RETURN NEW; END $$;
        CREATE {kind} fails {time} ON {table} {deferred} FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION fail();
        """,
        f"DROP TRIGGER fails ON {table}; DROP FUNCTION fail; DROP SEQUENCE failures;",
    )


@asynccontextmanager
async def broken_by(owner: Connection, fault: Fault) -> AsyncIterator[None]:
    """The database has the fault inside the ``with`` block."""
    await owner.execute(fault.breaking)
    try:
        yield
    finally:
        await owner.execute(fault.repairing)
