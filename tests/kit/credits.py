"""Any command to the ledger of credits: strategies for Hypothesis."""

from __future__ import annotations

from uuid import UUID

from hypothesis import strategies as st

from domain.credits import Command, Grant, Reserve, Settle

few_ids = st.integers(1, 4).map(lambda number: UUID(int=number))
settlements = st.builds(
    Settle,
    reservation_id=few_ids,
    done=st.integers(-1, 8),
    reason=st.sampled_from(["not-produced", "abandoned"]),
)
commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(Grant, few_ids, st.integers(-1, 20)),
    st.builds(
        Reserve,
        reservation_id=st.uuids(),
        action=st.sampled_from(["AI_MESSAGE_GENERATION", "LINKEDIN_PROFILE"]),
        count=st.integers(-1, 8),
    ),
    settlements,
)
lives = st.lists(commands, max_size=25)
