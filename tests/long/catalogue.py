"""All long forms."""

from __future__ import annotations

from typing import Final

from tests.long import searches
from tests.long.entry import Entry

ALL: Final = (
    Entry("interleavings", "every interleaving of larger scopes", searches.interleavings),
    Entry("laws", "every law, searched for counter-examples", searches.laws),
    Entry("defects", "near-legal histories, each noticed by the judge", searches.near_legal_histories),
    Entry("machine", "the state machine over the pure domain", searches.machine_in_memory),
    Entry("service", "the state machine over HTTP, against a running service", searches.machine_over_http),
)
