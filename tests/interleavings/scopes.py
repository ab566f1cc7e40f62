"""How much is searched: what ``make test`` has the time for, and what takes longer."""

from __future__ import annotations

from typing import Final

from tests.interleavings.state import Budget, Scope

SMALL: Final = {
    "two launches, two workers, two leads; one dies, one is taken for dead": Scope(
        budget=Budget(crashes=1, suspicions=1)
    ),
    "one lead; a worker dies, somebody pauses and stops": Scope(
        leads=1, budget=Budget(crashes=1, pauses=1, stops=1)
    ),
    "one lead and two mails, the first put off; a worker dies": Scope(
        leads=1, mails=2, budget=Budget(crashes=1, deferrals=1)
    ),
}
LARGE: Final = {
    "two mails; one dies, one is taken for dead": Scope(mails=2, budget=Budget(crashes=1, suspicions=1)),
    "people pause and stop; one dies, one is taken for dead": Scope(
        budget=Budget(crashes=1, suspicions=1, pauses=1, stops=1)
    ),
    "two mails, put off; two die": Scope(mails=2, budget=Budget(crashes=2, deferrals=1)),
    "two die, two are taken for dead": Scope(budget=Budget(crashes=2, suspicions=2)),
    "three workers; one dies, one is taken for dead": Scope(
        workers=3, budget=Budget(crashes=1, suspicions=1)
    ),
    "three launches; one dies, two are taken for dead": Scope(
        launches=3, budget=Budget(crashes=1, suspicions=2)
    ),
    "three leads; one dies, one is taken for dead": Scope(leads=3, budget=Budget(crashes=1, suspicions=1)),
}
