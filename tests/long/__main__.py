"""``python -m tests.long [NAME ...] [--minutes M]``: runs the long forms and says how much each has seen."""

from __future__ import annotations

import argparse
import sys
import time
import traceback

from tests.long.catalogue import ALL
from tests.long.entry import Entry, Until, within


def main() -> int:
    """The exit code: 0 when nothing was found wrong."""
    options = _parser().parse_args()
    entries = [entry for entry in ALL if not options.names or entry.name in options.names]
    right = [_run(entry, share) for entry, share in within(options.minutes * 60).shares(entries)]
    return 0 if all(right) else 1


def _run(entry: Entry, until: Until) -> bool:
    begun = time.monotonic()
    try:
        seen = entry.run(until)
    except Exception:
        traceback.print_exc()
        _say(f"{entry.name}: something is wrong, see above")
        return False
    figures = ", ".join(f"{n:,} {what}" for what, n in seen.items())
    _say(f"{entry.name}: {figures} in {time.monotonic() - begun:.0f} s")
    return True


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.long",
        description="The long forms of the tests. The time is shared among them.",
        epilog="\n".join(f"{entry.name:14} {entry.about}" for entry in ALL),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [entry.name for entry in ALL]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", choices=[*names, []], help="which; all if none is named"
    )
    parser.add_argument("--minutes", type=float, default=10, help="for all of them together")
    return parser


if __name__ == "__main__":
    sys.exit(main())
