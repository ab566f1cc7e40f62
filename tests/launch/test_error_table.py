"""Every way a launch is refused: what the answer says, what it leaves behind, and which of two is answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from itertools import combinations
from typing import Any, Final, get_args
from uuid import UUID

import pytest
import pytest_asyncio

from domain import streams
from domain.campaign.events import Status
from domain.sequence import Channel
from service.http.catalogue import PROBLEMS
from service.http.launch_table import LAUNCH_TABLE
from service.ids import new_id
from tests.api.making import bring_to
from tests.http.test_problems import assert_problem
from tests.launch.defects import DEFECTS, EXCLUSIONS, launching
from tests.launch.exchanges import exchange, filled, shown_on
from tests.launch.stage import Memory, Stage, staged
from tests.projections.tables import Tables

pytestmark = pytest.mark.asyncio(loop_scope="module")

NAMED: Final = {
    "missing-scope": ["campaigns:launch"],
    "version-mismatch": ["3"],
    "campaign-not-draft": ["archived"],
    "missing-content": ["position: 0"],
    "sender-not-active": ["<name>", "warming"],
    "sender-inbox-missing": ["<name>"],
    "linkedin-account-gone": ["<name>", "reconnect"],
    "launch-rolled-back": ["draft again", "safe to launch again"],
}
"""What the detail must name."""
TOLD: Final = {
    "missing-scope": {"scope"},
    "launch-in-progress": {"retry_after", "started_at", "runId"},
    "no-sender-accounts": {"blockers"},
    "no-pending-leads": {"blockers"},
    "no-sendable-nodes": {"blockers"},
    "missing-content": {"blockers"},
    "sender-not-active": {"blockers"},
    "sender-inbox-missing": {"blockers"},
    "linkedin-account-gone": {"blockers"},
    "all-leads-skipped": {"blockers"},
}
"""The members that the answer must have."""
HEADERS: Final = {
    "unauthorized": {"WWW-Authenticate": "Bearer"},
    "linkedin-unavailable": {"Retry-After": "30"},
}
"""The headers that the answer must have."""
BY_ANOTHER: Final = "campaign-settings-changed"
"""What somebody else writes who overtakes the launch."""

PAIRS: Final = list(combinations(LAUNCH_TABLE, 2))
MET: Final = [pair for pair in PAIRS if not any(exclusion.applies(pair) for exclusion in EXCLUSIONS)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(shared_database: str) -> AsyncIterator[Stage]:
    """One for all tests here: each makes a campaign of its own, and compares what it finds with what it found."""
    async with staged(shared_database) as stage:
        yield stage


class TestEachRow:
    @pytest.mark.parametrize("code", LAUNCH_TABLE)
    async def test_is_answered_as_its_page_shows_and_leaves_nothing_else_behind(
        self, stage: Stage, code: str
    ) -> None:
        page = (await stage.client.get(f"/problems/{code}")).text
        async with launching(stage, code) as case:
            shown = exchange(shown_on(page), case.names)
            assert shown.headers == {name: filled(value, case.names) for name, value in case.headers.items()}
            before = await stage.memory()
            answer = await case.ask(shown.method, shown.path, shown.headers)
            after = await stage.memory()

        assert_problem(answer, shown.status, code)
        assert (shown.status, shown.code) == (PROBLEMS[code].status, code)
        told = answer.json()
        assert {name: told[name] for name in shown.members} == shown.members
        assert {name: answer.headers[name] for name in shown.answer_headers} == shown.answer_headers
        for name in NAMED.get(code, []):
            assert filled(name, case.names) in told["detail"]
        assert TOLD.get(code, set()) <= shown.members.keys()
        assert HEADERS.get(code, {}).items() <= shown.answer_headers.items()
        written = LAUNCH_TABLE[code].leaves + ((BY_ANOTHER,) if case.is_overtaken else ())
        assert_only_added(before, after, written, {case.campaign_id, *case.sender_ids})

    @pytest.mark.parametrize("status", ["active", "paused", "completed", "stopped", "archived"])
    async def test_of_no_draft_names_the_status(self, stage: Stage, status: Status) -> None:
        async with launching(stage) as case:
            await bring_to(stage.parts, stage.here.workspace_id, case.campaign_id, status)
            answer = await stage.here.client.post(f"{case.path}/launch")
        assert_problem(answer, 400, "campaign-not-draft")
        assert f"is {status};" in answer.json()["detail"]

    async def test_with_a_blocker_tells_of_all_the_others(self, stage: Stage) -> None:
        blockers = ["no-pending-leads", "missing-content", "sender-not-active", "sender-inbox-missing"]
        async with launching(stage, *blockers) as case:
            answer = await stage.here.client.post(f"{case.path}/launch")
        assert_problem(answer, 400, blockers[0])
        assert [blocker["code"] for blocker in answer.json()["blockers"]] == blockers

    async def test_of_nothing_to_be_found_does_not_tell_why(self, stage: Stage) -> None:
        async with launching(stage, "not-found") as foreign, launching(stage) as deleted:
            assert (await stage.here.client.delete(deleted.path)).status_code == 204
            paths = (foreign.path, deleted.path, f"/api/campaigns/{new_id()}", "/api/campaigns/7")
            answers = [await stage.here.client.post(f"{path}/launch") for path in paths]
        told = [{**answer.json(), "instance": None, "request_id": None} for answer in answers]
        assert_problem(answers[0], 404, "not-found")
        assert all(each == told[0] for each in told)

    @pytest.mark.parametrize("channel", get_args(Channel))
    async def test_needs_a_defect(self, stage: Stage, channel: Channel) -> None:
        async with launching(stage, usually=channel) as case:
            assert (await stage.here.client.post(f"{case.path}/launch")).status_code == 200


class TestOfTwoRows:
    @pytest.mark.parametrize(("earlier", "later"), MET, ids=map("-before-".join, MET))
    async def test_the_earlier_is_answered_and_nothing_comes_of_the_later(
        self, stage: Stage, earlier: str, later: str
    ) -> None:
        async with launching(stage, earlier, later) as case:
            headers = {name: filled(value, case.names) for name, value in case.headers.items()}
            told = await stage.head()
            answer = await case.ask("POST", f"{case.path}/launch", headers)
            written = await stage.types_after(told)
        assert_problem(answer, PROBLEMS[earlier].status, earlier)
        assert tuple(type_ for type_ in written if type_ != BY_ANOTHER) == LAUNCH_TABLE[earlier].leaves

    async def test_none_is_left_out_without_a_reason(self) -> None:
        apart = [pair for pair in PAIRS if pair not in MET]
        declared = {
            frozenset((one, other))
            for exclusion in EXCLUSIONS
            for one in exclusion.these
            for other in exclusion.those
        }
        assert {frozenset(pair) for pair in apart} == declared
        assert len(MET) + len(declared) == len(LAUNCH_TABLE) * (len(LAUNCH_TABLE) - 1) // 2
        assert list(DEFECTS) == list(LAUNCH_TABLE)


def assert_only_added(before: Memory, after: Memory, types: tuple[str, ...], to: set[UUID]) -> None:
    """The log has these events more, about some of these, and the read models differ only in what they are about."""
    told = len(before.log)
    assert after.log[:told] == before.log
    assert tuple(event["type"] for event in after.log[told:]) == types
    subjects = {streams.subject(event["stream"]) for event in after.log[told:]}
    assert subjects <= to
    for name, tables in after.read_models.items():
        assert tables.sums == before.read_models[name].sums
        assert set(_changed(before.read_models[name], tables)) <= subjects


def _changed(before: Tables, after: Tables) -> Iterator[UUID]:
    """What the rows are about that differ."""
    for key in before.rows.keys() | after.rows.keys():
        if before.rows.get(key) != after.rows.get(key):
            about: Any = key[-1]
            yield about
