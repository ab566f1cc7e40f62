"""The receipt of a launch: what exactly was launched, in digests that anybody can compute again from the log alone.

Each digest is the SHA-256, in hex, of bytes that the functions here define for good: a receipt must come out the same
however the shapes of events and settings grow. Who audits a launch folds the campaign's stream and its roster up to
the acceptance, takes the leads that are on the roster and were not skipped by this very launch, and calls
``leads_digest``, ``content_digest`` and ``limits_digest``; the sender accounts stand in the receipt itself, so that
``senders_digest`` follows from them and each can be compared with the fold of its stream at that version.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from domain.campaign.events import Account, Receipt, Settings
from domain.lead.events import SkipReason
from domain.readiness import Report
from domain.sequence import Node


def receipt(
    settings: Settings,
    nodes: Iterable[Node],
    report: Report,
    skipped: Mapping[SkipReason, int],
    leads: str,
) -> Receipt:
    """The receipt of a launch whose checks found ``report``; ``leads`` is what ``leads_digest`` makes of its leads."""
    accounts = tuple(Account(sender.id, sender.status, sender.version) for sender in report.senders)
    return Receipt(
        leads=leads,
        content=content_digest(settings, nodes),
        senders=senders_digest(accounts),
        limits=limits_digest(settings),
        checks=report.checks,
        accounts=accounts,
        skipped=dict(skipped),
    )


def leads_digest(leads: Iterable[tuple[UUID, UUID, UUID]]) -> str:
    """Of the leads' ids, persons and documents: 48 bytes a lead, the three UUIDs as bytes, in order of ordinal."""
    digest = hashlib.sha256()
    for lead_id, person_id, document_id in leads:
        digest.update(lead_id.bytes + person_id.bytes + document_id.bytes)
    return digest.hexdigest()


def content_digest(settings: Settings, nodes: Iterable[Node]) -> str:
    """Of ``[[node, …], signature]``, texts by their keyed digests, null where there is none.

    A node is ``[id, type, text, is_reply, include_message, delay_days, delay_hours, delay_minutes, ai_node]``.
    """
    steps = [
        (
            node.id,
            node.type,
            node.text and node.text.digest,
            node.is_reply,
            node.include_message,
            node.delay_days,
            node.delay_hours,
            node.delay_minutes,
            node.ai_node,
        )
        for node in nodes
    ]
    return _digest((steps, settings.signature and settings.signature.digest))


def senders_digest(accounts: Iterable[Account]) -> str:
    """Of ``[[id, status, version], …]``, in the campaign's order."""
    return _digest([(account.id, account.status, account.version) for account in accounts])


def limits_digest(settings: Settings) -> str:
    """Of ``[daily_limit, [[account_id, daily_limit], …], hours]``, null where there is none.

    Hours are ``[timezone, [[start, end], …]]`` with seven days, Monday first, null for a closed one.
    """
    own = [(limit.account_id, limit.daily_limit) for limit in settings.account_limits]
    hours = settings.operating_hours
    week = None if hours is None else (hours.timezone, [day and (day.start, day.end) for day in hours.week])
    return _digest((settings.daily_limit, own, week))


def _digest(value: object) -> str:
    """Of the value as JSON in UTF-8, without blanks."""
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()
