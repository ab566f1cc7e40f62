"""Status machines as data: which trigger is legal in which status, and where it leads.

``transitions`` holds the table and is the only authority on it. One machine serves all instances and no model is ever
registered with it (a machine keeps every model alive): the pure core asks where a trigger leads and records the answer
as an event. Tables, diagrams, enums and property tests are made from the same data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct
from transitions import Machine

S = TypeVar("S", bound=str)
T = TypeVar("T", bound=str)


class Arrow(Struct, Generic[S, T], frozen=True):
    """One row of a status table: ``trigger`` takes ``source`` to ``target``; ``when`` says it in words."""

    trigger: T
    source: S
    target: S
    when: str


class StatusMachine(Generic[S, T]):
    """A status table that can be asked and drawn."""

    def __init__(self, name: str, initial: S, arrows: Sequence[Arrow[S, T]]) -> None:
        """``arrows`` is the whole table; ``initial`` is the status of a newborn."""
        self.name = name
        self.initial = initial
        self.arrows = tuple(arrows)
        self.statuses: tuple[S, ...] = tuple(
            dict.fromkeys([initial, *(end for arrow in arrows for end in (arrow.source, arrow.target))])
        )
        self.triggers: tuple[T, ...] = tuple(dict.fromkeys(arrow.trigger for arrow in arrows))
        machine = Machine(
            model=None,
            states=list(self.statuses),
            initial=initial,
            transitions=[[str(arrow.trigger), str(arrow.source), str(arrow.target)] for arrow in arrows],
            auto_transitions=False,
        )
        by_name: dict[str, S] = {str(status): status for status in self.statuses}
        # Asked once of the machine, for every fact of every fold asks it again.
        self._targets: dict[tuple[T, S], S] = {
            (trigger, source): by_name[str(found[0].dest)]
            for trigger in self.triggers
            for source in self.statuses
            if (found := machine.get_transitions(trigger, source))
        }

    def target(self, trigger: T, source: S) -> S | None:
        """Where ``trigger`` leads from ``source``; None when it is not legal there."""
        return self._targets.get((trigger, source))

    def mermaid(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        lines += [f"    {arrow.source} --> {arrow.target}: {arrow.trigger}" for arrow in self.arrows]
        return "\n".join(lines)

    def table(self) -> str:
        """The table in Markdown."""
        rows = [f"| `{a.source}` | `{a.trigger}` | `{a.target}` | {a.when} |" for a in self.arrows]
        return "\n".join(["| from | trigger | to | when |", "|---|---|---|---|", *rows])
