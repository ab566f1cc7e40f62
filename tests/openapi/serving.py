"""A service for machines: a process of its own that does not hold them back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.end_to_end.processes import ServiceProcess

_UNLIMITED: Final = {"LIFTOFF_RATE_LIMIT_PER_SECOND": "100000", "LIFTOFF_RATE_LIMIT_BURST": "100000"}


def serving(data_dir: Path, settings: Mapping[str, str]) -> ServiceProcess:
    """A service without a rate limit, to be entered."""
    return ServiceProcess(data_dir, **{**_UNLIMITED, **settings})
