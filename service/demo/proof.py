"""The proof at the end of the demo: what the API counts, what the sink holds, and what the log replays to, are one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from msgspec import Struct

from service.channels.sink import read_index
from service.clock import SystemClock
from service.composition import assembled
from service.projector.replay import Comparison, replay_and_compare
from service.startup import Ground


class Claim(Struct, frozen=True):
    """Something that must be so, and whether it is."""

    words: str
    holds: bool


class SinkCount(Struct, frozen=True):
    """What the mail sink holds: mails, distinct recipients, and the most one recipient got of one step."""

    mails: int
    recipients: int
    most_of_one_step: int


def count_sink(directory: Path) -> SinkCount:
    """Read every mail back. A follow-up says so itself (In-Reply-To), which tells the two steps apart."""
    steps = Counter(_steps(directory))
    recipients = {recipient for recipient, _ in steps}
    return SinkCount(steps.total(), len(recipients), max(steps.values(), default=0))


def _steps(directory: Path) -> Iterator[tuple[str, str]]:
    for received in read_index(directory):
        mail = message_from_bytes((directory / received.file).read_bytes(), policy=default)
        step = "follow-up" if mail["In-Reply-To"] else "first mail"
        for recipient in received.rcpt:
            yield recipient, step


def claims(campaign: dict[str, Any], sink: SinkCount, replay: Comparison) -> list[Claim]:
    """All that the demo vouches for."""
    stats, by_status = campaign["campaign"]["stats"], campaign["prospects_by_status"]
    sends = sum(campaign["sends_by_node"].values())
    skipped = by_status.get("cancelled", 0)
    return [
        Claim(f"the sink holds {sink.mails} mails, the log {sends} accepted sends", sink.mails == sends),
        Claim(
            f"they went to {sink.recipients} people, stats.sent is {stats['sent']}",
            sink.recipients == stats["sent"],
        ),
        Claim("nobody got one step twice", sink.most_of_one_step == 1),
        Claim(
            f"statuses add up: {sum(by_status.values())} leads = total {stats['total']} + skipped {skipped}",
            sum(by_status.values()) == stats["total"] + skipped,
        ),
        Claim(
            f"replayed {replay.replayed.events} events: "
            f"read models {'DIFFER' if replay.differences else 'equal'}",
            not replay.differences,
        ),
    ]


async def replay(ground: Ground) -> Comparison:
    """Fold the whole log again, beside the read models, and compare row by row."""
    async with assembled(ground.settings, ground.dsn, ground.master_key, SystemClock()) as liftoff:
        return await replay_and_compare(liftoff.pool, liftoff.feed)
