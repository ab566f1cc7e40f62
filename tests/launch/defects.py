"""What can be wrong with a launch, by the code it is refused with; alone, or several at once.

A draft is made as its defects have designed it; then the rest happens to it. So any two defects are one situation,
unless they exclude each other.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from msgspec import Struct

from domain.sequence import Channel
from service.setbacks.marks import mark_restored
from tests.launch.cases import Case, Design, Nodes, good, made
from tests.launch.faults import broken_by, failing
from tests.launch.stage import Stage

# Each defect of an account has an account of its own; only those that exclude each other share one.
IDLE, WITHOUT_INBOX, GONE, SILENT = 0, 1, 1, 2

_END: Final = {"type": "end"}
_READY: Final[Mapping[Channel, Nodes]] = {
    "email": [{"type": "email", "subject": "Hello", "body": "A question"}, _END],
    "linkedin": [{"type": "connection_request"}, _END],
}
_UNWRITTEN: Final[Mapping[Channel, Nodes]] = {
    "email": [{"type": "email", "subject": "Hello"}, _END],
    "linkedin": [{"type": "message"}, _END],
}
_SILENT_SEQUENCE: Final[Nodes] = [{"type": "delay", "delay_days": 1}, _END]


def _as_it_is(design: Design) -> None:
    """The draft has no part in it."""


async def _nothing_more(case: Case) -> None:
    """The draft is the defect."""


class Defect(Struct, frozen=True, kw_only=True):
    """``design``: what is wrong with the draft from the start. ``happen``: what befalls it, or the request, later."""

    design: Callable[[Design], None] = _as_it_is
    happen: Callable[[Case], Awaitable[None]] = _nothing_more
    channel: Channel | None = None


@asynccontextmanager
async def launching(stage: Stage, *codes: str, usually: Channel = "email") -> AsyncIterator[Case]:
    """The request for a launch with which exactly this is wrong; on the channel ``usually`` if it is so on any."""
    defects = [defect for code, defect in DEFECTS.items() if code in codes]
    channel = next((defect.channel for defect in defects if defect.channel), usually)
    design = Design(channel=channel, nodes=_READY[channel])
    for defect in defects:
        defect.design(design)
    async with AsyncExitStack() as faults:
        case = await made(stage, design, faults)
        for defect in defects:
            await defect.happen(case)
        yield case


# --- What is wrong with the request ---


async def _without_key(case: Case) -> None:
    del case.headers["Authorization"]


async def _with_a_key_that_only_reads(case: Case) -> None:
    case.names["key"] = case.stage.here.reading_key


def _of_another_workspace(design: Design) -> None:
    design.is_elsewhere = True


async def _meant_for_its_first_version(case: Case) -> None:
    case.headers["If-Match"] = '"1"'


# --- What is wrong with the status ---


async def _launched_a_moment_ago(case: Case) -> None:
    started = good(await case.tenant.client.post(f"{case.path}/launch"))
    campaign = await case.stage.parts.campaigns.load(case.tenant.workspace_id, case.campaign_id)
    launched = campaign.attempts[-1].accepted_at.isoformat().replace("+00:00", "Z")
    case.names |= {"run": started["runId"], "launched": launched}


async def _archived(case: Case) -> None:
    good(await case.tenant.client.post(f"{case.path}/archive"))


# --- What is wrong with the draft ---


def _nobody_sends(design: Design) -> None:
    design.accounts = 0


def _nobody_is_sent_to(design: Design) -> None:
    design.leads = 0


def _nothing_is_sent(design: Design) -> None:
    design.nodes = _SILENT_SEQUENCE


def _nothing_is_written(design: Design) -> None:
    design.nodes = _UNWRITTEN[design.channel]


async def _an_address_is_required(case: Case) -> None:
    client = case.tenant.client
    good(await client.put("/api/workspace", json={"require_postal_address": True}))
    case.faults.push_async_callback(client.put, "/api/workspace", json={})


async def _an_account_is_not_active(case: Case) -> None:
    address = f"/api/senders/{case.concerns(IDLE)}"
    if case.channel == "email":
        good(await case.tenant.client.patch(address, json={"warmup_status": "warming"}))
        return
    _provider_says(case, IDLE, "CREDENTIALS")
    verified = good(await case.tenant.client.post(f"{address}/verify"))
    assert verified["sender"]["status"] == "disconnected"


def _an_account_has_no_inbox(design: Design) -> None:
    design.without_inbox = frozenset({WITHOUT_INBOX})


async def _which_is_named(case: Case) -> None:
    case.concerns(WITHOUT_INBOX)


# --- What is wrong in the world ---


async def _the_database_was_restored(case: Case) -> None:
    owner, clock = case.stage.owner, case.stage.parts.clock
    await mark_restored(owner, clock.now(), clock.now())
    case.faults.push_async_callback(owner.execute, "DELETE FROM setbacks")


async def _an_account_is_gone(case: Case) -> None:
    case.concerns(GONE)
    _provider_says(case, GONE, "GONE")


async def _an_account_can_not_be_verified(case: Case) -> None:
    case.concerns(SILENT)
    _provider_says(case, SILENT, "ERROR")


def _provider_says(case: Case, account: int, status: str) -> None:
    name = case.names[f"account {account}"].removeprefix("Ada ")
    case.stage.double.network.account(name).status = status


async def _everybody_is_suppressed(case: Case) -> None:
    good(await case.tenant.client.post("/api/suppressions", json={"suppressions": case.identities}))


async def _somebody_else_is_faster(case: Case) -> None:
    case.is_overtaken = True


async def _runs_can_not_be_announced(case: Case) -> None:
    await case.faults.enter_async_context(broken_by(case.stage.owner, failing("launch_runs")))


DEFECTS: Final[Mapping[str, Defect]] = {
    "unauthorized": Defect(happen=_without_key),
    "missing-scope": Defect(happen=_with_a_key_that_only_reads),
    "not-found": Defect(design=_of_another_workspace),
    "version-mismatch": Defect(happen=_meant_for_its_first_version),
    "launch-in-progress": Defect(happen=_launched_a_moment_ago),
    "campaign-not-draft": Defect(happen=_archived),
    "restored-not-accepted": Defect(happen=_the_database_was_restored),
    "no-sender-accounts": Defect(design=_nobody_sends),
    "no-pending-leads": Defect(design=_nobody_is_sent_to),
    "no-sendable-nodes": Defect(design=_nothing_is_sent),
    "missing-content": Defect(design=_nothing_is_written),
    "missing-postal-address": Defect(happen=_an_address_is_required, channel="email"),
    "sender-not-active": Defect(happen=_an_account_is_not_active),
    "sender-inbox-missing": Defect(design=_an_account_has_no_inbox, happen=_which_is_named, channel="email"),
    "linkedin-account-gone": Defect(happen=_an_account_is_gone, channel="linkedin"),
    "linkedin-unavailable": Defect(happen=_an_account_can_not_be_verified, channel="linkedin"),
    "all-leads-skipped": Defect(happen=_everybody_is_suppressed),
    "campaign-changed": Defect(happen=_somebody_else_is_faster),
    "launch-rolled-back": Defect(happen=_runs_can_not_be_announced),
}
"""In the order in which they happen: a campaign is launched before anything else goes wrong with it."""


class Exclusion(Struct, frozen=True):
    """Why none of ``these`` defects is ever met together with one of ``those``."""

    these: frozenset[str]
    those: frozenset[str]
    reason: str

    def applies(self, codes: Iterable[str]) -> bool:
        """Whether it keeps these two apart."""
        first, second = codes
        return (first in self.these and second in self.those) or (
            second in self.these and first in self.those
        )


def _apart(these: str, those: str, reason: str) -> Exclusion:
    return Exclusion(frozenset(these.split()), frozenset(those.split()), reason)


EXCLUSIONS: Final = (
    _apart("unauthorized", "missing-scope", "a request without a key has no scopes"),
    _apart("launch-in-progress", "campaign-not-draft", "a campaign has one status"),
    _apart(
        "launch-in-progress",
        "no-sender-accounts no-pending-leads no-sendable-nodes missing-content sender-inbox-missing",
        "what is launched had none of these, and only a draft gets them: accounts, leads and nodes are fixed, and an "
        "inbox is replaced, never taken away",
    ),
    _apart(
        "no-sender-accounts",
        "sender-not-active sender-inbox-missing linkedin-account-gone linkedin-unavailable",
        "without an account none can be wrong",
    ),
    _apart("no-pending-leads", "all-leads-skipped", "without leads nobody is left out"),
    _apart("no-sendable-nodes", "missing-content", "only nodes that send need a text"),
    _apart(
        "missing-postal-address sender-inbox-missing",
        "linkedin-account-gone linkedin-unavailable",
        "a campaign has one channel, and so have its accounts",
    ),
)
