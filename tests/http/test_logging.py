"""Logs say which thing, never which person."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import structlog

from service.database.pool import Pool
from service.logging import bound, configure_logging

CAMPAIGN = UUID(int=7)


def lines(log: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_a_line_carries_the_ids_of_what_is_being_worked_on(log: StringIO) -> None:
    logger = structlog.get_logger("service.test")
    with bound(campaign_id=CAMPAIGN, epoch=3):
        with bound(lead_id=UUID(int=8)):
            logger.info("inner")
        logger.info("outer", epoch=4)
    logger.info("outside")
    inner, outer, outside = lines(log)
    assert (inner["campaign_id"], inner["epoch"], inner["lead_id"]) == (str(CAMPAIGN), 3, str(UUID(int=8)))
    assert "lead_id" not in outer
    assert (outer["campaign_id"], outer["epoch"]) == (str(CAMPAIGN), 4)  # the line's own goes before
    assert "campaign_id" not in outside
    assert outside["timestamp"].endswith("Z")


async def test_what_the_database_quotes_is_not_logged(pool: Pool, log: StringIO) -> None:
    insert = "INSERT INTO workspaces VALUES (gen_random_uuid(), 'ada@example.com', now())"
    await pool.execute(insert)
    with pytest.raises(asyncpg.UniqueViolationError, match=r"ada@example\.com") as refused:
        await pool.execute(insert)
    structlog.get_logger("service.test").error("failed", exc_info=refused.value)
    (line,) = lines(log)
    (link,) = line["error"]
    assert link["type"] == "asyncpg.exceptions.UniqueViolationError"
    assert (link["sqlstate"], link["constraint_name"]) == ("23505", "workspaces_name_key")
    assert "ada" not in log.getvalue()


def test_the_errors_behind_an_error_are_named(log: StringIO) -> None:
    try:
        try:
            raise KeyError("ada@example.com")
        except KeyError as missing:
            raise ValueError("ada@example.com") from missing
    except ValueError:
        structlog.get_logger("service.test").exception("failed")
        logging.getLogger("a.library").exception("failed too\nwith ada@example.com")
    for line in lines(log):
        assert [link["type"] for link in line["error"]] == ["builtins.ValueError", "builtins.KeyError"]
    assert [line["event"] for line in lines(log)] == ["failed", "failed too"]
    assert "ada" not in log.getvalue()


def test_libraries_are_heard_from_warnings_up(log: StringIO) -> None:
    logging.getLogger("a.library").info("GET https://example.com/ada@example.com")
    logging.getLogger("a.library").warning("something is wrong")
    assert [(line["logger"], line["level"]) for line in lines(log)] == [("a.library", "warning")]


@pytest.mark.parametrize(("level", "heard"), [("debug", 3), ("info", 2), ("error", 0)])
def test_the_level_decides_what_is_written(level: Any, heard: int) -> None:
    written = StringIO()
    configure_logging(level, written)
    logger = structlog.get_logger("service.test")
    logger.debug("one")
    logger.info("two")
    logger.warning("three")
    assert len(written.getvalue().splitlines()) == heard
