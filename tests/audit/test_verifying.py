"""Verifying: what can't have happened is refused though the right key signed it; garbage is never a reason to fail."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from domain import streams
from domain.campaign.events import (
    CampaignActivated,
    CampaignCreated,
    LaunchAccepted,
    LaunchRolledBack,
    Settings,
    TextRef,
)
from domain.event import Event
from domain.lead.events import (
    ConnectionAccepted,
    ConnectionAwaited,
    ImportedLead,
    InvitationSpared,
    LeadCompleted,
    LeadReplied,
    LeadsImported,
    LeadUnsubscribed,
    SendAccepted,
    SendDeferred,
    SendInDoubt,
    SendIntended,
    SendRefused,
)
from domain.sequence import Action
from service.audit import verify as verifier
from service.audit.verify import Wrong, verify
from service.composition import Liftoff
from tests.audit.conftest import Exporting, Happens
from tests.audit.forging import files_of, read, rewrite, stranger, under
from tests.audit.histories import public_keys

CAMPAIGN, LEAD, STEP, NEXT_STEP, SEND, OTHER = (UUID(int=number) for number in range(1, 7))
ACCEPTED = SendAccepted(send_id=SEND, code=250)
LAUNCHED = LaunchAccepted(epoch=1, total=1, skipped=0)
CREATED = CampaignCreated(
    campaign_id=CAMPAIGN, channel="email", settings=Settings(name=TextRef(OTHER, "digest")), nodes=()
)
IMPORTED = LeadsImported(campaign_id=CAMPAIGN, source="api", leads=(ImportedLead(LEAD, 0, OTHER, OTHER),))
of_campaign, of_roster, of_lead = streams.campaign(CAMPAIGN), streams.roster(CAMPAIGN), streams.lead(LEAD)


@pytest.fixture(scope="module")
def steps() -> int:
    """A short history will do."""
    return 30


def intended(
    send_id: UUID = SEND, node_id: UUID = STEP, attempt: int = 1, action: Action = "email"
) -> SendIntended:
    return SendIntended(
        campaign_id=CAMPAIGN,
        send_id=send_id,
        node_id=node_id,
        sender_id=OTHER,
        attempt=attempt,
        action=action,
    )


IMPOSSIBLE: dict[str, tuple[str, list[Event]]] = {
    "activate can't happen|campaign-activated can't happen while the status is draft": (
        of_campaign,
        [CampaignActivated(epoch=1, prepared=1)],
    ),
    r"it counts 5 \+ 0 leads, where 1 are": (of_campaign, [LaunchAccepted(epoch=1, total=5, skipped=0)]),
    "compensates .* which is no event before it": (
        of_campaign,
        [LAUNCHED, LaunchRolledBack(epoch=1, reason="stale", compensates=(OTHER,))],
    ),
    f"campaign-{CAMPAIGN} begins a second time": (of_campaign, [CREATED]),
    f"campaign-{OTHER} has not begun": (streams.campaign(OTHER), [LAUNCHED]),
    f"the lead {LEAD} begins a second time": (of_roster, [IMPORTED]),
    f"the lead {OTHER} has not begun": (streams.lead(OTHER), [LeadCompleted()]),
    "outcome of the send .* was not intended": (of_lead, [ACCEPTED]),
    "begins while another is open": (of_lead, [intended(), intended(OTHER, NEXT_STEP)]),
    "begins while another is open, or out of turn": (of_lead, [intended(attempt=2)]),
    f"the step {STEP} is sent to the lead a second time": (of_lead, [intended(), ACCEPTED, intended(OTHER)]),
    "sent to a lead that is bounced": (
        of_lead,
        [intended(), SendRefused(send_id=SEND, code=550), intended(OTHER, NEXT_STEP)],
    ),
    "lead-unsubscribed can't happen while the status is unsubscribed": (
        of_lead,
        [LeadUnsubscribed(), LeadUnsubscribed()],
    ),
}


@pytest.mark.parametrize("words", IMPOSSIBLE)
async def test_what_can_not_have_happened_is_refused_although_it_was_sealed(
    liftoff: Liftoff, export: Exporting, happens: Happens, directory: Path, workspace_id: UUID, words: str
) -> None:
    await happens(of_campaign, CREATED)
    await happens(of_roster, IMPORTED)
    stream, events = IMPOSSIBLE[words]
    await happens(stream, *events)
    extent = await export()
    with pytest.raises(Wrong, match=rf"event {extent.last}: .*({words})"):
        verify(str(directory), await public_keys(liftoff, workspace_id))


async def test_a_send_that_is_put_off_goes_on_under_its_id(
    export: Exporting, happens: Happens, directory: Path, liftoff: Liftoff
) -> None:
    await happens(of_campaign, CREATED)
    await happens(of_roster, IMPORTED)
    deferred = SendDeferred(send_id=SEND, code=451, retry_at=liftoff.clock.now())
    await happens(of_lead, intended(), deferred, intended(attempt=2), ACCEPTED)
    await export()
    assert verify(str(directory))


async def test_a_lead_on_linkedin_is_followed_through_its_statuses(
    export: Exporting, happens: Happens, directory: Path, liftoff: Liftoff
) -> None:
    now = liftoff.clock.now()
    await happens(of_campaign, CREATED)
    await happens(of_roster, IMPORTED)
    invite, write = intended(action="connection_request"), intended(OTHER, NEXT_STEP, action="message")
    doubt = SendInDoubt(send_id=SEND, reason="provider-silent", look=1, look_at=now)
    await happens(of_lead, invite, doubt, ACCEPTED, ConnectionAwaited(until=now), ConnectionAccepted())
    await happens(of_lead, write, SendAccepted(send_id=OTHER, code=201), LeadReplied(stops=True))
    await export()
    counted = "connected 1, connection_sent 1, contacted 1, message_sent 1, replied 1"
    assert f"  leads 1, {counted}" in verify(str(directory))


async def test_an_invitation_that_was_spared_is_no_send(
    export: Exporting, happens: Happens, directory: Path
) -> None:
    await happens(of_campaign, CREATED)
    await happens(of_roster, IMPORTED)
    spared = InvitationSpared(send_id=SEND, code=422)
    await happens(of_lead, intended(action="connection_request"), spared, ConnectionAccepted())
    await export()
    assert "  leads 1, connected 1" in verify(str(directory))


# --- Forged under a key that the auditor happens to trust ------------------------------------------------------------


Change = Callable[[list[Any]], object]
FORGED: dict[str, Change] = {
    "it is version 3 of .*, where 2 comes next": lambda rows: rows.pop(1),
    "its position .* is not behind": lambda rows: rows[2].__setitem__(4, rows[1][4]),
    "its id .* was used before": lambda rows: rows[2].__setitem__(5, rows[1][5]),
    "no event of type x": lambda rows: rows[2].__setitem__(6, "x"),
    "no event of type .* and version 9": lambda rows: rows[2].__setitem__(7, 9),
    "it is no event of this workspace|is no event": lambda rows: rows[2].pop(),
    "it is no event of this workspace": lambda rows: rows[2].__setitem__(1, str(OTHER)),
    "it is not as it should be": lambda rows: rows[2].__setitem__(4, "x"),
    "its payload is no JSON object": lambda rows: rows[2].__setitem__(13, []),
}


@pytest.mark.parametrize("words", FORGED)
async def test_a_history_with_a_hole_or_a_stranger_in_it_is_refused(
    export: Exporting, directory: Path, words: str
) -> None:
    await export()
    copy = read(directory)
    rows = [json.loads(entry) for entry in copy.entries]
    FORGED[words](rows)
    signer, public = stranger(copy.origin)
    rewrite(copy, [json.dumps(row).encode() for row in rows], signer, under(copy.manifest, public))
    with pytest.raises(Wrong, match=words):
        verify(str(directory), [public])


# --- Leaves are read many at a time ----------------------------------------------------------------------------------


def test_leaves_are_read_one_by_one_or_together_all_the_same() -> None:
    leaves = [b'["v1",{"a":[1.5,null]}]', b'["],[",","]', b"[[]]", '["ü\\u0000"]'.encode()]
    for number in range(len(leaves) + 1):
        assert list(verifier.rows_of(leaves[:number])) == [json.loads(leaf) for leaf in leaves[:number]]


@pytest.mark.parametrize(
    "leaves",
    [
        [b"[1],[2", b"3]"],
        [b"[1],[2", b"[3]]"],
        [b"[1]", b"[2],[3]"],
        [b"[1],[2]"],
        [b"[1]", b"", b"[2]"],
        [b"[1]", b"[2] "],
        [b"[1]", b" [2]"],
        [b"[1]", b"[NaN]"],
        [b"[1]", b'["\xc3', b'\xbc"]'],
        [b"[1]]", b"[[2]"],
        [b"[1]", b"2]]"],
    ],
)
def test_what_is_json_only_together_is_none(leaves: list[bytes]) -> None:
    with pytest.raises((Wrong, ValueError)):
        list(verifier.rows_of(leaves))


# --- Garbage ---------------------------------------------------------------------------------------------------------

GARBAGE = [
    b"",
    b"\0",
    b"\xff\xfe",
    b"null",
    b"[]",
    b"{}",
    b"[" * 200_000,
    b"1" * 10_000,
    b"NaN",
    b"[" + b"1," * 13 + b"1]",
    b'["v1"' + b",null" * 13 + b"]",
    b'["v1-detached"' + b",[]" * 13 + b"]",
]


async def test_garbage_in_any_file_is_told_and_nothing_else_happens(
    export: Exporting, directory: Path
) -> None:
    await export()
    for path in files_of(directory):
        content = path.read_bytes()
        for garbage in GARBAGE:
            path.write_bytes(garbage)
            with pytest.raises(Wrong):
                verify(str(directory))
        path.write_bytes(content)
    assert verify(str(directory))


async def test_garbage_that_is_signed_is_told_too(export: Exporting, directory: Path) -> None:
    await export()
    copy = read(directory)
    signer, public = stranger(copy.origin)
    manifest = under(copy.manifest, public)
    for garbage in [each for each in GARBAGE if len(each) < 0xFFFF]:
        rewrite(copy, [*copy.entries[:3], garbage], signer, manifest)
        with pytest.raises(Wrong, match="event 3"):
            verify(str(directory), [public])
    for name in manifest:
        for nonsense in NONSENSE:
            rewrite(copy, copy.entries[:3], signer, {**manifest, name: nonsense})
            try:
                verify(str(directory), [public])
            except Wrong:
                continue
            assert name in UNUSED, f"{name} was not missed"


NONSENSE: list[Any] = [None, [], {}, "x", -1, [[]], {"lead": 1}]
UNUSED = {"exported_at", "leaf", "size", "first", "last", "checkpoints", "keys"}
"""What the verifier has no use for, or what ``rewrite`` makes anew; ``keys`` only count where none is given."""


async def test_a_file_too_many_or_a_link_is_told(export: Exporting, directory: Path) -> None:
    await export()
    (directory / "tile" / "more").touch()
    with pytest.raises(Wrong, match="tile/more: it does not belong to the export"):
        verify(str(directory))
    (directory / "tile" / "more").unlink()
    (directory / "checkpoint").rename(directory.parent / "elsewhere")
    (directory / "checkpoint").symlink_to(directory.parent / "elsewhere")
    with pytest.raises(Wrong, match="checkpoint: it is missing, or no file"):
        verify(str(directory))


# --- With help -------------------------------------------------------------------------------------------------------


def judged(directory: Path, helpers: int) -> list[str]:
    """What the verifier finds: what holds, or the one thing that does not."""
    try:
        return verify(str(directory), helpers=helpers)
    except Wrong as wrong:
        return [str(wrong)]


async def test_with_helpers_it_finds_the_very_same(
    export: Exporting, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "WORTH_HELP", 0)
    await export()
    assert judged(directory, helpers=1) == judged(directory, helpers=0)
    [bundle] = files_of(directory / "tile/entries")
    bundle.write_bytes(bundle.read_bytes()[:-1])
    [found] = judged(directory, helpers=1)
    assert "whole entries" in found
    assert [found] == judged(directory, helpers=0)


async def test_what_a_helper_reads_and_what_is_read_meanwhile_comes_in_order(
    export: Exporting, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "AT_ONCE", 1)
    await export()
    manifest = verifier.manifest_of((directory / "manifest.json").read_bytes())
    starts = list(range(0, manifest.size, verifier.WIDTH)) * 10
    reader = verifier.Reader(str(directory), manifest)
    assert list(verifier.bundles(reader, starts, helpers=1)) == [reader.read(start) for start in starts]


class Dying(verifier.Reader):
    """A reader that is killed when it helps."""

    def hand_over(self, starts: Sequence[int]) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


async def test_when_a_helper_is_killed_the_rest_is_read_without(export: Exporting, directory: Path) -> None:
    await export()
    manifest = verifier.manifest_of((directory / "manifest.json").read_bytes())
    [bundle] = verifier.bundles(Dying(str(directory), manifest), [0], helpers=1)
    assert bundle == Dying(str(directory), manifest).read(0)
    assert len(bundle.facts) == manifest.size


# --- As a program ----------------------------------------------------------------------------------------------------


def run(directory: Path, *arguments: str) -> tuple[int, str]:
    """Run it as an auditor does: with the standard library alone, and nothing of the project within reach."""
    program = [sys.executable, "-I", "-S", verifier.__file__, str(directory), *arguments]
    ran = subprocess.run(program, cwd=directory, env={}, capture_output=True, text=True, check=False)
    assert ran.stderr == ""
    return ran.returncode, ran.stdout


async def test_the_program_needs_nothing_but_its_file(
    liftoff: Liftoff, workspace_id: UUID, export: Exporting, directory: Path
) -> None:
    await export()
    [key] = await public_keys(liftoff, workspace_id)
    code, said = run(directory, "--key", key)
    assert (code, "no --key" in said) == (0, False)
    code, said = run(directory)
    assert (code, "no --key was given: the keys found in the export itself were trusted" in said) == (0, True)


async def test_the_program_says_what_is_wrong_first(export: Exporting, directory: Path) -> None:
    await export()
    _, other = stranger("somebody/else")
    code, said = run(directory, "--key", other)
    assert (code, said) == (1, "WRONG  manifest.note: it is signed by no key that is trusted\n")
    [bundle] = files_of(directory / "tile/entries")
    changed = bytearray(bundle.read_bytes())
    changed[100] ^= 1
    bundle.write_bytes(changed)
    code, said = run(directory)
    assert code == 1
    assert re.fullmatch(r"WRONG  tile/0/000\.p/\d+: event 0 is not what the leaves come to\n", said)


@pytest.mark.parametrize("arguments", [["--key", "nonsense"], ["--key", ""]])
async def test_a_key_that_is_none_is_told(export: Exporting, directory: Path, arguments: list[str]) -> None:
    await export()
    code, said = run(directory, *arguments)
    assert code == 1
    assert said.startswith("WRONG  ")


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    code, said = run(tmp_path)
    assert (code, said.startswith("WRONG  manifest.json: it is missing")) == (1, True)
