"""Quotas: the rolling limits of sender accounts. Every function joins the caller's transaction.

Who claims holds the sender's lock, and so is the only one to use its quotas up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from domain.quota import HOUR, WEEK, Quota, hour_of
from domain.sequence import Action
from service.database.pool import Connection
from service.database.statements import statements
from service.dispatch.due import Key
from service.dispatch.limits import ActionKey, Limits

_queries: Any = statements(Path(__file__).with_name("quotas.sql"))


async def admit(connection: Connection, limits: Limits) -> None:
    """Let a claim look at the quotas of the senders it has admitted."""
    for key, quota in (await read(connection, limits.senders)).items():
        limits.admit_quota(key, quota)


async def read(connection: Connection, senders: Iterable[Key]) -> dict[ActionKey, Quota]:
    """The quotas of these senders, as they are stored."""
    workspace_ids, sender_ids = _columns(senders)
    found = _queries.limits(connection, workspace_ids=workspace_ids, sender_ids=sender_ids)
    rows = [row async for row in found]
    if not rows:
        return {}
    done: dict[ActionKey, dict[datetime, int]] = {}
    async for row in _queries.hours(connection, workspace_ids=workspace_ids, sender_ids=sender_ids):
        done.setdefault(_key(row), {})[row["hour"]] = row["n"]
    return {
        _key(row): Quota(
            weekly_limit=row["weekly_limit"],
            done=done.get(_key(row), {}),
            next_free_at=row["next_free_at"],
        )
        for row in rows
    }


def by_sender(found: Mapping[ActionKey, Quota]) -> dict[UUID, dict[Action, Quota]]:
    """The quotas of each sender."""
    grouped: dict[UUID, dict[Action, Quota]] = {}
    for (_, sender_id, action), quota in found.items():
        grouped.setdefault(sender_id, {})[action] = quota
    return grouped


async def write_back(connection: Connection, limits: Limits) -> None:
    """Store what has become of the quotas."""
    changed = limits.quotas.changed()
    if not changed:
        return
    free_ats = [quota.next_free_at for quota in changed.values()]
    await _queries.close_used_up(connection, **_action_columns(changed), free_ats=free_ats)
    hour = hour_of(limits.now)
    counts = {key: quota.done[hour] for key, quota in changed.items() if hour in quota.done}
    await _queries.count(connection, **_action_columns(counts), hour=hour, counts=list(counts.values()))


async def put(
    connection: Connection, workspace_id: UUID, sender_id: UUID, weekly_limits: Mapping[Action, int]
) -> None:
    """Let these be the rolling limits of a sender."""
    if weekly_limits:
        await _queries.set(
            connection,
            workspace_id=workspace_id,
            sender_id=sender_id,
            actions=list(weekly_limits),
            weekly_limits=list(weekly_limits.values()),
        )


async def close(connection: Connection, keys: Iterable[ActionKey], until: datetime) -> None:
    """A provider lets these senders do no more of an action before ``until``."""
    await _queries.close(connection, **_action_columns(sorted(keys)), until=until)


async def forget(connection: Connection, now: datetime) -> None:
    """Drop the hours that no limit looks back to any more."""
    await _queries.forget(connection, before=hour_of(now) - HOUR - WEEK)


def _key(row: Mapping[str, Any]) -> ActionKey:
    return row["workspace_id"], row["sender_id"], row["action"]


def _columns(keys: Iterable[Key]) -> tuple[list[UUID], list[UUID]]:
    pairs = list(keys)
    return [workspace_id for workspace_id, _ in pairs], [sender_id for _, sender_id in pairs]


def _action_columns(keys: Iterable[ActionKey]) -> dict[str, list[Any]]:
    rows = list(keys)
    return {
        "workspace_ids": [workspace_id for workspace_id, _, _ in rows],
        "sender_ids": [sender_id for _, sender_id, _ in rows],
        "actions": [action for _, _, action in rows],
    }
