"""The trial: two senders write to seven people through Postfix, and what comes back is read from Dovecot.

The service is the real one, a process of its own; what is expected of it is asked over its API.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from imapclient import IMAPClient
from msgspec import Struct

from tests.channels.certificates import TlsEnds, make_tls_ends
from tests.channels.servers import LOOPBACK, Cut, ScriptedServer
from tests.end_to_end.campaigning import connect, good
from tests.end_to_end.processes import ServiceProcess
from tests.mail_trial.people import PATIENCE_SECONDS, Person
from tests.mail_trial.servers import PASSWORD, UNREACHABLE, Servers

ROBIN: Final = "robin@quieter.example"
SAM: Final = "sam@quieter.example"
ADA, BEA, DAN = (f"{name}@lovelace.example" for name in ("ada", "bea", "dan"))
EVE, FAY = (f"{name}@lovelace.example" for name in ("eve", "fay"))
NOBODY: Final = "nobody@lovelace.example"
CY: Final = f"cy@{UNREACHABLE}"
MAILBOXES: Final = (ROBIN, SAM, ADA, BEA, DAN)
SEQUENCE: Final = [
    {"type": "email", "subject": "A question", "body": "Hello"},
    {"type": "delay", "delay_days": 1},
    {"type": "email", "is_reply": True, "body": "Again"},
    {"type": "end"},
]


class Finding(Struct, frozen=True):
    """What was expected, whether it is so, and what was found."""

    expected: str
    holds: bool
    found: str


Tell = Callable[[Finding], None]


async def run(directory: Path, tell: Tell) -> bool:
    """Make the trial in an empty directory; answers whether everything expected was found."""
    ends = make_tls_ends(directory)
    certificate = directory / "loopback.pem"
    servers = Servers(directory, certificate)
    settings = {"SSL_CERT_FILE": str(certificate), "LIFTOFF_INBOX_SECONDS": "1"}
    findings: list[Finding] = []

    def note(finding: Finding) -> None:
        findings.append(finding)
        tell(finding)

    with servers.running(MAILBOXES), ServiceProcess(directory / "data", **settings) as service:
        async with connect(service.url, service.key) as api, _cutting() as cutting:
            await _Trial(api, servers, ends, cutting, note).run()
        export = str(directory / "export")
        exporting = ["service.cli.main", "audit", "export", "--workspace", "default", "--output", export]
        note(_run("the history is exported", directory, *exporting))
        note(_run("and verified without the service", directory, "service.audit.verify", export))
    return all(finding.holds for finding in findings)


class _Trial:
    def __init__(
        self,
        api: httpx.AsyncClient,
        servers: Servers,
        ends: TlsEnds,
        cutting: ScriptedServer,
        note: Tell,
    ) -> None:
        self._api, self._servers, self._ends, self._cutting = api, servers, ends, cutting
        self._note = note

    async def run(self) -> None:
        cutting_url = f"smtp://{LOOPBACK}:{self._cutting.port}"
        answered = await self._launch(ROBIN, self._servers.smtp_url, [ADA, BEA, NOBODY, CY, DAN])
        self._cutting.on("dot", Cut())
        lost = await self._launch(SAM, cutting_url, [EVE, FAY])
        people = {each: Person(each, self._servers.mail, self._servers.smtp_port) for each in (ADA, BEA, DAN)}

        await self._expect(answered, NOBODY, "bounced", "an unknown recipient comes back as a bounce")
        await self._expect_suppressed(NOBODY, "hard-bounce")
        await people[BEA].be_away()
        await self._until_delayed()
        begun = time.monotonic()
        await people[ADA].answer("Yes")
        await self._expect(answered, ADA, "replied", "a reply stops the lead", begun)
        begun = time.monotonic()
        await people[DAN].write_anew("Hello")
        await self._expect(answered, DAN, "replied", "a new mail of a lead is known by its address", begun)
        # Messages are heard in their order, so those before Dan's have had what effect they have.
        await self._expect(answered, BEA, "sent", "an out-of-office does not stop the lead")
        await self._expect(answered, CY, "sent", "a report of a delay does not bounce the lead")

        cut_off = self._cutting.delivered[0]
        [lead] = cut_off.recipients
        await self._expect(lost, lead, "outcome_unknown", "a mail cut off after its last byte is unknown")
        await asyncio.to_thread(self._keep_copy, SAM, cut_off.content)
        await self._expect(lost, lead, "sent", "found in the folder of sent mails, it was sent")
        for campaign_id, counted in (
            (answered, {"sent": 5, "replied": 2, "bounced": 1}),
            (lost, {"sent": 2, "outcome_unknown": 1}),
        ):
            await self._expect_counters(campaign_id, counted)

    async def _launch(self, sender: str, smtp_url: str, leads: Sequence[str]) -> str:
        inbox = {"smtp_url": smtp_url, "imap_url": self._servers.imap_url(sender)}
        body = {"type": "email", "email_address": sender, "inbox": inbox, "warmup_status": "active"}
        made = good(await self._api.post("/api/senders", json=body))["sender"]
        assert made["status"] == "active", made
        draft = {"type": "email", "name": sender, "sender_account_ids": [made["id"]]}
        campaign_id: str = good(await self._api.post("/api/campaigns", json=draft))["campaign"]["id"]
        path = f"/api/campaigns/{campaign_id}"
        good(await self._api.patch(path, json={"sequence_nodes": SEQUENCE}))
        prospects = {"prospects": [{"email": lead} for lead in leads]}
        good(await self._api.post(f"{path}/leads", json=prospects))
        good(await self._api.post(f"{path}/launch"))
        return campaign_id

    async def _expect(
        self, campaign_id: str, lead: str, status: str, expected: str, since: float | None = None
    ) -> None:
        found = await self._standing(campaign_id, lead)
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while found != status and time.monotonic() < ends_at:
            await asyncio.sleep(0.05)
            found = await self._standing(campaign_id, lead)
        took = "" if since is None else f", {time.monotonic() - since:.1f} s after it was written"
        self._note(Finding(expected, found == status, f"{lead} is {found}{took}"))

    async def _standing(self, campaign_id: str, lead: str) -> str:
        listed = good(await self._api.get(f"/api/campaigns/{campaign_id}/leads"))["prospects"]
        [status] = [each["status"] for each in listed if each["email"] == lead]
        found: str = status
        return found

    async def _expect_suppressed(self, lead: str, reason: str) -> None:
        listed = good(await self._api.get("/api/suppressions"))["suppressions"]
        found = {each["email"]: each["reason"] for each in listed}
        expected = "a dead address is written to no more"
        self._note(Finding(expected, found.get(lead) == reason, f"suppressed: {found}"))

    async def _expect_counters(self, campaign_id: str, counted: dict[str, int]) -> None:
        stats = good(await self._api.get(f"/api/campaigns/{campaign_id}"))["campaign"]["stats"]
        found = {name: stats[name] for name in counted}
        synced = good(await self._api.post(f"/api/campaigns/{campaign_id}/sync-stats"))
        holds = found == counted and synced["differences"] == []
        differing = len(synced["differences"])
        self._note(
            Finding(
                "the counters are what happened, and what the log folds to",
                holds,
                f"{found}, {differing} differences",
            )
        )

    async def _until_delayed(self) -> None:
        """Wait until Postfix has told Robin that Cy's mail is late."""
        ends_at = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends_at:
            if await asyncio.to_thread(self._is_told_of_delay):
                return
            await asyncio.sleep(0.1)
        self._note(Finding("Postfix tells of the delay", False, "nothing came"))

    def _is_told_of_delay(self) -> bool:
        with self._mailbox(ROBIN) as client:
            client.select_folder("INBOX", readonly=True)
            return bool(client.search(["SUBJECT", "Delayed Mail"]))

    def _keep_copy(self, address: str, mail: bytes) -> None:
        """Do what servers do that keep what was handed over to them; news in the inbox let it be found at once."""
        with self._mailbox(address) as client:
            client.append("Gesendet", mail)
            client.append("INBOX", b"From: news@lovelace.example\r\nSubject: News\r\n\r\nAll is well.\r\n")

    @contextmanager
    def _mailbox(self, address: str) -> Iterator[Any]:
        with IMAPClient(LOOPBACK, self._servers.imap_port, ssl_context=self._ends.client) as client:
            client.login(address, PASSWORD)
            yield client


@asynccontextmanager
async def _cutting() -> AsyncIterator[ScriptedServer]:
    """A mail server that is about to cut a connection."""
    server = ScriptedServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def _run(expected: str, directory: Path, module: str, *arguments: str) -> Finding:
    """Whether a command of the operator's succeeds."""
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "LIFTOFF_DATA_DIR": str(directory / "data")},
        capture_output=True,
        text=True,
        check=False,
    )
    [first, *_] = [*(done.stdout or done.stderr).splitlines(), ""]
    return Finding(expected, done.returncode == 0, first)
