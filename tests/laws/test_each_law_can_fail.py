"""Each law is seen to fail for every copy that breaks it, or else it would say nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.laws.broken import BROKEN
from tests.laws.catalogue import LAWS
from tests.laws.law import Law

EXAMPLES = 1000
VARIANTS = [
    pytest.param(law, broken, id=f"{law.says}: {number}")
    for law in LAWS
    for number, broken in enumerate(BROKEN.get(law.says, ()), 1)
]


def test_every_law_has_something_that_breaks_it() -> None:
    assert {law.says for law in LAWS} == BROKEN.keys()


@pytest.mark.parametrize(("law", "broken"), VARIANTS)
def test_it_fails(law: Law[Any, Any], broken: Any) -> None:
    assert law.fails_for(broken, EXAMPLES)
