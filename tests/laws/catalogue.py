"""All laws."""

from __future__ import annotations

from typing import Any, Final

from tests.laws import counting, deciding, keeping, planning, writing
from tests.laws.law import Law

LAWS: Final[tuple[Law[Any, Any], ...]] = (
    *deciding.LAWS,
    *counting.LAWS,
    *keeping.LAWS,
    *planning.LAWS,
    *writing.LAWS,
)
