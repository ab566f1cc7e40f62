"""Mail servers that fail: what is said about each send is what happened to it, and nobody gets a step twice."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

from domain.lead.events import SendAccepted, SendDeferred, SendIntended, SendOutcomeUnknown, SendRefused
from service.channels.session import Timeouts
from tests.faults.behaviours import cuts, hangs, in_turn, one_in, says
from tests.faults.launched import STEPS, Origin
from tests.faults.law import sends
from tests.faults.trial import Trial, trial

IMPATIENT = Timeouts(connect=5.0, command=0.4, message=0.4)


async def sent_through(on: Trial) -> Trial:
    """One worker, which lives until everything is over."""
    on.hire()
    await on.complete()
    return on


async def test_a_mail_whose_server_falls_silent_after_the_dot_is_of_unknown_outcome_and_not_sent_again(
    origin: Origin, tmp_path: Path
) -> None:
    async with trial(origin, tmp_path, one_in(8, {"dot": in_turn(cuts, hangs)}), IMPATIENT) as on:
        await sent_through(on)
        found = await on.examine()
        assert found.breaches == {}
        lost = sum(isinstance(told.event, SendOutcomeUnknown) for told in await sends(on.pool))
        assert found.unknown == lost == found.mails // 8
        assert found.by_status == {"completed": origin.leads - lost, "outcome_unknown": lost}


async def test_a_server_that_closes_or_hangs_before_the_dot_is_called_again_and_nobody_notices(
    origin: Origin, tmp_path: Path
) -> None:
    closes = one_in(5, {"rcpt": says("421 4.3.2 closing down"), "mail": cuts, "data": hangs})
    async with trial(origin, tmp_path, closes, IMPATIENT) as on:
        await sent_through(on)
        found = await on.examine()
        assert found.breaches == {}
        assert (found.by_status, found.mails) == ({"completed": origin.leads}, STEPS * origin.leads)


async def test_what_is_put_off_is_tried_again_minutes_later_and_what_is_refused_bounces(
    origin: Origin, tmp_path: Path
) -> None:
    declines = one_in(10, {"rcpt": says("451 4.7.1 later"), "dot": says("550 5.1.1 nobody here")})
    async with trial(origin, tmp_path, declines) as on:
        await sent_through(on)
        found, told = await on.examine(), await sends(on.pool)
    assert found.breaches == {}
    refused = len(on.office.refused)
    assert refused > 0
    assert found.by_status == {"completed": origin.leads - refused, "bounced": refused}
    codes = Counter(
        each.event.code for each in told if isinstance(each.event, SendAccepted | SendDeferred | SendRefused)
    )
    assert codes.keys() == {250, 451, 550}
    put_off = {each.event.send_id: each.recorded_at for each in told if isinstance(each.event, SendDeferred)}
    again = {each.event.send_id: each.recorded_at for each in told if isinstance(each.event, SendIntended)}
    rests = {again[send_id] - at for send_id, at in put_off.items()}
    assert rests  # a minute; two for who was put off a second time
    assert rests <= {timedelta(minutes=1), timedelta(minutes=2)}
