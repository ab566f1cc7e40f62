"""The trial with real Postfix and Dovecot, where they are installed."""

from __future__ import annotations

import pytest

from tests.mail_trial.servers import ground, missing
from tests.mail_trial.story import Finding, run


@pytest.mark.skipif(missing() is not None, reason=missing() or "")
async def test_answers_by_mail_hold_against_postfix_and_dovecot() -> None:
    findings: list[Finding] = []
    with ground() as directory:
        await run(directory, findings.append)
    assert [finding for finding in findings if not finding.holds] == []
    assert len(findings) >= 12
