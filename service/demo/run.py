"""``liftoff demo``: tells the story on a stage of its own, shows it, and proves it."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from service.cli.watching import watch
from service.demo import on_linkedin as linkedin
from service.demo.audit import Audited, audit
from service.demo.audit import claims as audit_claims
from service.demo.proof import Claim, claims, count_sink, replay
from service.demo.stage import Stage, environment, running
from service.demo.story import Told, tell
from service.settings import read_settings
from service.startup import prepared


def main() -> int:
    """The exit code: 0 when everything that must hold does."""
    console = Console()
    with _directory() as data_dir:
        console.rule("[bold]Liftoff: one campaign, from nothing to its verified history")
        with running(data_dir) as stage, _client(stage) as api:
            console.print(f"The service answers at {stage.url}, mails go to the sink at {stage.sink_url}.")
            told = tell(api, stage.sink_url)
            _show_story(console, told)
            watch(api, told.campaign_id, console)
            on_linkedin = _tell_on_linkedin(console, api)
            audited = audit(stage)
            proved = [*_prove(api, stage, told, audited), *on_linkedin]
            _show_counts(console, api, told)
            _show_history(console, api, told)
            _show_audit(console, audited)
        _show_claims(console, proved)
    return 0 if all(claim.holds for claim in proved) else 1


@contextmanager
def _directory() -> Iterator[Path]:
    """A directory for this demo alone; gone when it ends."""
    path = Path(tempfile.mkdtemp(prefix="liftoff-demo-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _client(stage: Stage) -> httpx.Client:
    return httpx.Client(
        base_url=stage.url, headers={"Authorization": f"Bearer {stage.key}"}, timeout=60, trust_env=False
    )


def _tell_on_linkedin(console: Console, api: httpx.Client) -> list[Claim]:
    """The second story, where there is a provider for it, and what it proves."""
    around = linkedin.provider()
    if around is None:
        return []
    console.print("\n[bold]A second campaign[/], on LinkedIn, through a provider that reaches nobody.")
    campaign_id = linkedin.launch(api)
    watch(api, campaign_id, console)
    return linkedin.claims(_get(api, f"/api/campaigns/{campaign_id}"), around)


def _prove(api: httpx.Client, stage: Stage, told: Told, audited: Audited) -> list[Claim]:
    campaign = _get(api, f"/api/campaigns/{told.campaign_id}")
    with prepared(read_settings(environment(stage.data_dir))) as ground:
        comparison = asyncio.run(replay(ground))
    found = claims(campaign, count_sink(stage.data_dir / "mails"), comparison)
    return [*found, *audit_claims(campaign, audited)]


def _show_story(console: Console, told: Told) -> None:
    console.print("\n[bold]The first launch is refused[/], with everything it lacks:")
    for blocker in told.refusal["blockers"]:
        console.print(f"  {blocker['code']}: {blocker['message']}")
    rows = told.imported
    console.print(
        f"\n[bold]The repair[/]: two senders, a sequence of two mails, and {rows['imported']} leads "
        f"({rows['duplicates']} duplicates, {rows['invalid']} invalid rows)."
    )
    for error in rows["errors"]:
        console.print(f"  row {error['row']}: {error['message']}")
    console.print(f"\n[bold]Launched[/] as {told.launched['runId']}.")
    for lead in told.launched.get("skippedProspects", []):
        console.print(f"  left out: {lead['email']} ({lead['reason']})")


def _show_counts(console: Console, api: httpx.Client, told: Told) -> None:
    campaign = _get(api, f"/api/campaigns/{told.campaign_id}")
    table = Table(title="What the campaign counts", title_justify="left")
    table.add_column("milestone")
    table.add_column("leads", justify="right")
    for name, count in campaign["campaign"]["stats"].items():
        if count:
            table.add_row(name, str(count))
    console.print(table)


def _show_history(console: Console, api: httpx.Client, told: Told) -> None:
    leads = f"/api/campaigns/{told.campaign_id}/leads"
    lead = _get(api, f"{leads}?limit=1&status=completed")["prospects"][0]
    table = Table(title=f"The history of {lead['email']}", title_justify="left")
    for heading in ("recorded at", "fact", "by", "epoch"):
        table.add_column(heading)
    for event in _get(api, f"{leads}/{lead['id']}/history")["events"]:
        epoch = "" if event["epoch"] is None else str(event["epoch"])
        table.add_row(event["recorded_at"], event["type"], event["actor"].partition(":")[0], epoch)
    console.print(table)


def _show_audit(console: Console, audited: Audited) -> None:
    console.print(
        "\n[bold]The auditor's turn[/]: the history as files, read by a program that is none of ours"
    )
    for line in audited.said:
        console.print(f"  {line}", markup=False, highlight=False)


def _show_claims(console: Console, proved: list[Claim]) -> None:
    console.print("\n[bold]What must hold[/]")
    for claim in proved:
        console.print(f"  {'[green]holds[/]' if claim.holds else '[red]BROKEN[/]'}  {claim.words}")


def _get(api: httpx.Client, path: str) -> dict[str, Any]:
    response = api.get(path)
    response.raise_for_status()
    answer: dict[str, Any] = response.json()
    return answer


if __name__ == "__main__":
    sys.exit(main())
