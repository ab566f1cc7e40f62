"""``liftoff audit``, beside a running service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from service.audit.verify import main as verify
from service.database.pool import connect_as_owner
from tests.cli.inside import run, run_beside
from tests.cli.processes import Serving, on, serving

WORKSPACE = ("--workspace", "default")
NAMED = r"liftoff/[0-9a-f-]{36}\+[0-9a-f]{8}\+[A-Za-z0-9+/=]{44}\n"


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("audit")


@pytest.fixture(scope="module")
def settings(directory: Path, shared_database: str) -> Mapping[str, str]:
    return on(shared_database, directory / "data", LIFTOFF_AUDIT_DIR=str(directory / "published"))


@pytest.fixture(scope="module")
def running(settings: Mapping[str, str]) -> Iterator[Serving]:
    """A service with a little history."""
    with serving(settings) as service:
        created = run(
            *("campaign", "create", "--type", "email", "--name", "Audited", "--sender-account-ids", "[]"),
            settings=service.client,
        )
        assert created.code == 0
        yield service


@pytest.mark.usefixtures("running")
def test_a_history_is_exported_and_verified_with_the_printed_keys(
    directory: Path, settings: Mapping[str, str]
) -> None:
    first = run("audit", "public-key", *WORKSPACE, settings=settings)
    assert re.fullmatch(NAMED, first.out)
    rotated = run("audit", "rotate-key", *WORKSPACE, settings=settings)
    assert re.fullmatch(NAMED, rotated.out)
    every = run("audit", "public-key", *WORKSPACE, "--all", settings=settings)
    assert every.out == first.out + rotated.out

    exported = run("audit", "export", *WORKSPACE, "--output", str(directory / "one"), settings=settings)
    assert (exported.code, exported.out) == (
        0,
        f"The events 0 to 1 of 2 are in {directory / 'one'}.\n",
    )
    keys = [argument for key in every.out.split() for argument in ("--key", key)]
    assert verify([str(directory / "one"), *keys]) == 0
    assert verify([str(directory / "one"), *keys[:2]]) == 1


@pytest.mark.usefixtures("running")
def test_read_models_are_compared_with_the_log(settings: Mapping[str, str]) -> None:
    compared = run("audit", "verify-projections", settings=settings)
    assert compared.code == 0
    assert compared.out.splitlines()[-1] == "Every read model is equal to it."


def test_the_service_seals_by_itself_and_publishes(running: Serving, directory: Path) -> None:
    running.interrupt()
    [published] = (directory / "published").glob("*/checkpoint")
    assert published.read_text().startswith("liftoff/")


def test_what_can_not_be_exported_is_told_in_one_line(directory: Path, settings: Mapping[str, str]) -> None:
    for arguments, words in (
        (("--workspace", "nobody", "--output", str(directory / "two")), "There is no workspace 'nobody'"),
        ((*WORKSPACE, "--output", str(directory)), "is not empty"),
        ((*WORKSPACE, "--output", str(directory / "two"), "--from", "999"), "none from 999"),
        ((*WORKSPACE, "--output", "/dev/null/here"), "/dev/null/here"),
    ):
        refused = run("audit", "export", *arguments, settings=settings)
        assert (refused.code, refused.out) == (2, "")
        assert words in refused.err.splitlines()[-1]


async def test_a_row_that_the_log_does_not_tell_of_is_named_and_repaired(empty_database: str) -> None:
    settings = {"LIFTOFF_DATABASE_URL": empty_database, "LIFTOFF_SECRET_KEY": "0" * 64}
    assert (await run_beside("migrate", settings=settings)).code == 0
    owner = await connect_as_owner(empty_database, application_name="test")
    await owner.execute(
        "INSERT INTO suppressions VALUES (gen_random_uuid(), gen_random_uuid(), 'unsubscribed', now())"
    )
    await owner.close()
    compared = await run_beside("audit", "verify-projections", settings=settings)
    assert compared.code == 1
    assert "parted at no event: none ever told of such a row" in compared.out
    assert (await run_beside("audit", "verify-projections", "--repair", settings=settings)).code == 0
    assert (await run_beside("audit", "verify-projections", settings=settings)).code == 0
