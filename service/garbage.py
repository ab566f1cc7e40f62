"""Garbage collection, as our programs have it: what a program consists of is not looked through, and that seldom."""

from __future__ import annotations

import gc
from typing import Final

SELDOM: Final = 50_000
"""Things made until the youngest are looked through. At the usual 700 an import and a read spent 6 and 4 hundredths of
their time on that, and nearly nothing of what they make is ever garbage that has to be looked for."""


def look_seldom() -> None:
    """To be called once everything is loaded, which stays for as long as the process lives."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(SELDOM)
