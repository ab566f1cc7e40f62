"""kill -9 of the whole service in the middle of a campaign, then a new start: ``python -m tests.end_to_end.kill``.

What must hold afterwards: the campaign completed by itself, nobody got a step twice, the counters are what the sink
holds, and at most the sends that were in flight have an unknown outcome.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from tests.end_to_end.campaigning import connect, follow, good, has_status, make_ready
from tests.end_to_end.processes import ServiceProcess, SinkProcess

IN_FLIGHT = 32


class Aftermath(Struct, frozen=True, kw_only=True):
    """What was found when it was over."""

    leads: int
    killed_at: int
    mails: int
    recipients: int
    most_of_one_step: int
    accepted_sends: int
    stats_sent: int
    outcome_unknown: int
    by_status: dict[str, int]

    @property
    def faults(self) -> list[str]:
        """What should not be so."""
        rules = {
            "somebody got a step twice": self.most_of_one_step > 1,
            "a lead was lost": sum(self.by_status.values()) != self.leads,
            "more is unknown than was in flight": self.outcome_unknown > IN_FLIGHT,
            "the log knows of more than was sent": self.accepted_sends > self.mails,
            "a mail is not accounted for": self.mails - self.accepted_sends > self.outcome_unknown,
            "stats.sent counts others than were sent to": not (
                self.recipients - self.outcome_unknown <= self.stats_sent <= self.recipients
            ),
        }
        return [fault for fault, found in rules.items() if found]


async def kill_in_the_middle(
    directory: Path, leads: int, senders: int, settings: Mapping[str, str]
) -> Aftermath:
    """Launch, kill at a third of the mails, start again, wait for the end."""
    with SinkProcess(directory / "sink") as sink:
        service = ServiceProcess(directory / "data", LIFTOFF_WORKER_CONCURRENCY=str(IN_FLIGHT), **settings)
        with service:
            async with connect(service.url, service.key) as api:
                campaign_id = await make_ready(api, sink.url, leads, senders)
                good(await api.post(f"/api/campaigns/{campaign_id}/launch"))
                await follow(api, campaign_id, lambda _: sink.count >= 2 * leads // 3)
            service.kill()
            killed_at = sink.count
            service.start()
            async with connect(service.url, service.key) as api:
                detail = await follow(api, campaign_id, has_status("completed"))
        steps = sink.steps()
        return Aftermath(
            leads=leads,
            killed_at=killed_at,
            mails=sink.count,
            recipients=len({recipient for recipient, _ in steps}),
            most_of_one_step=max(steps.values()),
            accepted_sends=sum(detail["sends_by_node"].values()),
            stats_sent=detail["campaign"]["stats"]["sent"],
            outcome_unknown=detail["campaign"]["stats"]["outcome_unknown"],
            by_status=detail["prospects_by_status"],
        )


def main() -> int:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=2000)
    parser.add_argument("--senders", type=int, default=10)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="liftoff-kill-", ignore_cleanup_errors=True) as directory:
        found = asyncio.run(kill_in_the_middle(Path(directory), given.leads, given.senders, {}))
    for name, value in ((field, getattr(found, field)) for field in found.__struct_fields__):
        print(f"{name:18} {value}")  # noqa: T201
    print("faults:", ", ".join(found.faults) or "none")  # noqa: T201
    return 1 if found.faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
