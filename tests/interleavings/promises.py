"""What must be true in every state, whatever happened."""

from __future__ import annotations

from collections.abc import Iterator

from tests.interleavings.house import House
from tests.interleavings.state import Running, State


def broken(house: House, state: State) -> Iterator[str]:
    """The promises that are broken in a state."""
    yield from _double_sends(state)
    yield from _lost_leads(state)
    yield from _unaccounted_sends(state)
    yield from _second_runs(house, state)


def _double_sends(state: State) -> Iterator[str]:
    if len(set(state.taken)) < len(state.taken):
        yield "a step was sent twice to a lead"


def _lost_leads(state: State) -> Iterator[str]:
    """Of a lead that is not done something is due, or its launch is yet to enrol it."""
    status = state.campaign.status
    for lead, due, enrolled in zip(state.leads, state.due, state.enrolled, strict=True):
        waits = status == "draft" or (status == "launching" and not enrolled)
        if not lead.is_terminal and due is None and not waits:
            yield f"a lead is {lead.status} and nothing is due while the campaign is {status}"
        if status == "draft" and (due is not None or lead.sender_id is not None):
            yield "a draft has something planned"
        if lead.status == "outcome_unknown" and lead.open_send is None:
            yield "nobody knows which send of a lead is in doubt"


def _unaccounted_sends(state: State) -> Iterator[str]:
    for lead, node_id in state.taken:
        known = state.leads[lead]
        sent = any(node == node_id for node, _ in known.sent_nodes)
        if not sent and (known.open_send is None or known.open_send.node_id != node_id):
            yield "a mail left the house of which the log knows nothing"


def _second_runs(house: House, state: State) -> Iterator[str]:
    """Of all the runs that workers hold, those whose next write would be taken are of one launch, and enrol once."""
    able = {
        worker.epoch
        for worker in state.workers
        if isinstance(worker, Running)
        and house.admits(state, worker.epoch)
        and (worker.step != "enrol" or house.progress_of(state, worker.epoch) is not None)
    }
    if len(able) > 1:
        yield f"the runs {sorted(able)} are both able to write"
    if any(times > 1 for times in state.enrolled):
        yield "a lead was enrolled twice by one launch"


def is_at_rest(state: State) -> bool:
    """Whether it is right that nothing more happens by itself: everybody is done with, or somebody's turn to wish."""
    if any(worker is not None for worker in state.workers) or state.jobs:
        return False
    match state.campaign.status:
        case "draft":
            return not any(state.due)
        case "paused":
            return all(due is None or due.send_id is None for due in state.due)
        case "completed" | "stopped":
            return not any(state.due) and all(lead.is_terminal for lead in state.leads)
        case _:
            return False
