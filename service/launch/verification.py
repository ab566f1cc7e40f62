"""Whether the LinkedIn accounts of a campaign still work: asked of the provider before a launch, all at once.

An account that is gone forbids the launch. A provider that can't say forbids it for now, and nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from msgspec.structs import replace

from domain.campaign.state import Campaign
from domain.readiness import Blocker, Caution, Report
from domain.refusal import Refused
from service.caller import Caller
from service.channels.linkedin.port import AccountState, Gone, Provider, Unreachable
from service.database.pool import Pool
from service.senders.accounts import Accounts
from service.senders.provider_accounts import account_ids
from service.senders.repository import Senders
from service.vault import Vault

States: TypeAlias = Mapping[UUID, AccountState]
"""What the provider said of the accounts, by sender."""


class Verification:
    """Verifies LinkedIn accounts; a campaign of another channel has none."""

    def __init__(
        self,
        pool: Pool,
        vault: Vault,
        senders: Senders,
        accounts: Accounts,
        provider: Provider | None,
        deadline: timedelta,
    ) -> None:
        """``deadline``: for all accounts together."""
        self._pool = pool
        self._vault = vault
        self._senders = senders
        self._accounts = accounts
        self._provider = provider
        self._deadline = deadline

    async def confirm(self, caller: Caller, campaign: Campaign, report: Report) -> Report:
        """The report, with a blocker for each account that is gone; such a sender is disconnected from now on.

        Raises ``Refused`` ``linkedin-unavailable`` when the provider could not say.
        """
        states = await self._ask(caller.workspace_id, campaign)
        for sender_id, state in states.items():
            if isinstance(state, Gone):
                await self._accounts.record_disconnection(caller, sender_id, state.words, "launch")
        verified = _with_gone(report, states)
        if verified.ready and (silent := _silent(states)):
            raise Refused(
                "linkedin-unavailable",
                f"{_accounts(len(silent))} could not be verified with the LinkedIn provider at the moment. "
                "The campaign is as it was: launch again soon.",
                {"sender_ids": silent},
            )
        return verified

    async def preview(self, workspace_id: UUID, campaign: Campaign, report: Report) -> Report:
        """What ``confirm`` would find, without side effects; that the provider can't say is a warning."""
        states = await self._ask(workspace_id, campaign)
        verified = _with_gone(report, states)
        if not (silent := _silent(states)):
            return verified
        caution = Caution(
            "linkedin-unavailable",
            f"{_accounts(len(silent))} could not be verified with the LinkedIn provider at the moment; "
            "a launch would be refused until that works.",
            {"sender_ids": silent},
        )
        return replace(verified, warnings=(*verified.warnings, caution))

    async def _ask(self, workspace_id: UUID, campaign: Campaign) -> States:
        if campaign.channel != "linkedin":
            return {}
        senders = await self._senders.load_many(workspace_id, campaign.settings.sender_account_ids)
        async with self._pool.acquire() as connection:
            ids = await account_ids(connection, self._vault, workspace_id, senders.values())
        if self._provider is None or not ids:
            return dict.fromkeys(ids, Unreachable("This service has no LinkedIn provider configured."))
        return await _look_up_all(self._provider, ids, self._deadline)


async def _look_up_all(provider: Provider, accounts: Mapping[UUID, str], deadline: timedelta) -> States:
    """What the provider says of the accounts, all asked at once; who has no answer at the deadline gets none."""
    asked = {id_: asyncio.create_task(provider.look_up(account)) for id_, account in accounts.items()}
    try:
        await asyncio.wait(asked.values(), timeout=deadline.total_seconds())
        return {
            id_: task.result() if task.done() else Unreachable("The provider did not answer in time.")
            for id_, task in asked.items()
        }
    finally:
        for task in asked.values():
            task.cancel()
        await asyncio.gather(*asked.values(), return_exceptions=True)


def _with_gone(report: Report, states: States) -> Report:
    gone = [str(id_) for id_, state in states.items() if isinstance(state, Gone)]
    if not gone:
        return report
    blockers = (
        Blocker(
            "linkedin-account-gone",
            f"The LinkedIn provider does not act for sender {id_} any more: reconnect the account, "
            "or remove it from the campaign.",
            {"sender_id": id_},
        )
        for id_ in gone
    )
    checks = replace(report.checks, sender_accounts_ready=False)
    return replace(report, checks=checks, blockers=(*report.blockers, *blockers))


def _silent(states: States) -> list[str]:
    return [str(id_) for id_, state in states.items() if isinstance(state, Unreachable)]


def _accounts(count: int) -> str:
    return "A sender account" if count == 1 else f"{count} sender accounts"
