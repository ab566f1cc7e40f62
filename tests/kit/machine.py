"""The state machine of a workspace for Hypothesis: it wishes things at random and holds each answer against the model.

``campaign_machine`` makes one for a deployment: ``InMemory()``, or ``OverHttp(url, key, sender)`` of a team's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import ClassVar, Final

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule
from msgspec import Struct, field

from tests.kit.deployment import WISHES, Deployment, Wish
from tests.kit.model import CAMPAIGN

PEOPLE: Final = 4
_spellings = st.sampled_from([str, str.upper, str.title, "  {}\t".format])
_addresses = st.lists(
    st.builds(lambda number, spell: spell(f"lead{number}@kit.invalid"), st.integers(1, PEOPLE), _spellings),
    min_size=1,
    max_size=PEOPLE,
)


class Expected(Struct):
    """What is known of a campaign without asking: its status, who waits to be written to, and who will not be."""

    id: str
    status: str = "draft"
    waiting: set[str] = field(default_factory=set)
    left_alone: set[str] = field(default_factory=set)
    deleted: bool = False

    def wish(self, wish: Wish, suppressed: set[str]) -> bool:
        """Whether the wish is granted; then it is, and everything that comes of it has come."""
        if self.deleted or not self._is_legal(wish, suppressed):
            return False
        match wish:
            case "delete":
                self.deleted = True
                return True
            case "launch":
                self._leave_alone(suppressed)
                self.status = CAMPAIGN["launching"]["activate"]
            case "stop":
                self._leave_alone(self.waiting)
                self.status = CAMPAIGN[self.status]["stop"]
            case _:
                self.status = CAMPAIGN[self.status][wish]
        self.complete()
        return True

    def suppress(self, person: str) -> None:
        """The person is left alone from now on; a draft finds out at its launch."""
        if self.status in ("active", "paused"):
            self._leave_alone({person})
            self.complete()

    def complete(self) -> None:
        """An active campaign of which nothing is left to do is completed."""
        if self.status == "active" and not self.waiting:
            self.status = CAMPAIGN["active"]["complete"]

    def _is_legal(self, wish: Wish, suppressed: set[str]) -> bool:
        if wish == "delete":
            return self.status == "draft"
        return wish in CAMPAIGN[self.status] and (wish != "launch" or bool(self.waiting - suppressed))

    def _leave_alone(self, people: set[str]) -> None:
        self.left_alone |= self.waiting & people
        self.waiting -= people


class CampaignMachine(RuleBasedStateMachine):
    """Drafts, imports, launches, pauses, resumes, stops, archives, deletes and suppresses, in any order."""

    deploy: ClassVar[Callable[[], Deployment]]
    campaigns = Bundle[Expected]("campaigns")

    def __init__(self) -> None:
        super().__init__()
        self._deployment = type(self).deploy()
        self._suppressed: set[str] = set()
        self._all: list[Expected] = []

    @rule(target=campaigns)
    def draft(self) -> Expected:
        expected = Expected(self._deployment.draft())
        self._all.append(expected)
        self._agree(expected)
        return expected

    @rule(expected=campaigns, addresses=_addresses)
    def join(self, expected: Expected, addresses: list[str]) -> None:
        joined = self._deployment.join(expected.id, addresses)
        people = {_person(address) for address in addresses} - expected.waiting
        is_open = expected.status == "draft" and not expected.deleted
        assert joined == (len(people) if is_open else None)
        expected.waiting |= people if is_open else set()
        self._agree(expected)

    @rule(expected=campaigns, wish=st.sampled_from(WISHES))
    def wish(self, expected: Expected, wish: Wish) -> None:
        before = self._deployment.look(expected.id)
        granted = self._deployment.wish(expected.id, wish)
        assert granted == expected.wish(wish, self._suppressed), f"{wish} while {expected.status}"
        self._agree(expected)
        if not granted:
            assert self._deployment.look(expected.id) == before, "what was refused left a trace"

    @rule(number=st.integers(1, PEOPLE))
    def suppress(self, number: int) -> None:
        address = f"lead{number}@kit.invalid"
        self._deployment.suppress(address)
        self._suppressed.add(address)
        for expected in self._all:
            expected.suppress(address)
            self._agree(expected)

    def teardown(self) -> None:
        self._deployment.close()

    def _agree(self, expected: Expected) -> None:
        """The deployment shows what is expected."""
        seen = self._deployment.look(expected.id)
        if expected.deleted:
            assert seen is None
            return
        assert seen is not None
        leads = Counter(pending=len(expected.waiting), cancelled=len(expected.left_alone))
        assert (seen.status, Counter(seen.leads)) == (expected.status, +leads)


def campaign_machine(deploy: Callable[[], Deployment]) -> type[RuleBasedStateMachine]:
    """The machine for a deployment, made anew for every run of it: give ``.TestCase`` to a test runner."""
    return type("CampaignMachine", (CampaignMachine,), {"deploy": staticmethod(deploy)})


def _person(address: str) -> str:
    return address.strip().lower()
