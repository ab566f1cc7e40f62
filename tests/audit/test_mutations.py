"""The mutation trial, in short: ``python -m tests.audit.mutations`` does it at length."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from service.audit import verify as verifier
from service.audit.verify import verify
from tests.audit.mutations import OFTEN, SELDOM, make_samples, remember_signatures, trial


@pytest.fixture(autouse=True)
def remembered_signatures() -> Iterator[None]:
    """For the time of a test."""
    has_signed = verifier.has_signed
    remember_signatures()
    yield
    verifier.has_signed = has_signed


async def test_every_mutation_is_found_and_no_untouched_export_is_accused(
    database: str, tmp_path: Path
) -> None:
    samples = await make_samples(database, tmp_path, range(7, 10), steps=250)
    for sample in samples:
        assert verify(str(sample.directory), sample.keys)
        assert verify(str(sample.directory))
    choice = Random(7)
    for mutation in (*dict.fromkeys(OFTEN), *SELDOM):
        for number in range(2 if mutation in SELDOM else 30):
            sample = samples[number % len(samples)]
            assert trial(sample, mutation, choice, tmp_path / "scratch") is None
