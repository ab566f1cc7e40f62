"""Logs as the service writes them, also in tests: a line costs little there, and says no more than it may."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import structlog

from service.logging import Level, configure_logging


@contextmanager
def logged(stream: IO[str] | None = None, level: Level = "info") -> Iterator[None]:
    """All logs go to ``stream`` (default: stderr) inside the block, unless the block itself configures them anew.

    After it they go where they went before.
    """
    before, root = structlog.get_config(), logging.getLogger()
    handlers, threshold = root.handlers, root.level
    configure_logging(level, stream)
    try:
        yield
    finally:
        root.handlers = handlers
        root.setLevel(threshold)
        structlog.configure(**before)
