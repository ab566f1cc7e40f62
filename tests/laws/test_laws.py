"""Each law holds, as far as a search for counter-examples comes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laws.catalogue import LAWS
from tests.laws.law import Law

EXAMPLES = 20


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.says.replace(" ", "-"))
def test_it_holds(law: Law[Any, Any]) -> None:
    law.hold(EXAMPLES)
