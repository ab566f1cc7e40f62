"""``python -m tests.mail_trial``: answers by mail against real Postfix and Dovecot. Exit code 0: all holds; 1: not."""

from __future__ import annotations

import asyncio
import sys
import time

from tests.mail_trial.servers import ground, missing
from tests.mail_trial.story import Finding, run


def main() -> int:
    """Make the trial, and say what was found."""
    if reason := missing():
        sys.stderr.write(f"The trial can't be made here: {reason}.\n")
        return 2
    begun = time.monotonic()
    with ground() as directory:
        holds = asyncio.run(run(directory, _say))
    verdict = "All of it holds" if holds else "Not all of it holds"
    sys.stdout.write(f"{verdict}; it took {time.monotonic() - begun:.0f} s.\n")
    return 0 if holds else 1


def _say(finding: Finding) -> None:
    sys.stdout.write(f"{'holds' if finding.holds else 'FAILS':6} {finding.expected}: {finding.found}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
