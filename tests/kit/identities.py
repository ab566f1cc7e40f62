"""Who people are, however it is written: strategies for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.sequence import Channel

channels: st.SearchStrategy[Channel] = st.sampled_from(("email", "linkedin"))
names = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="/?#"), min_size=1, max_size=20
)
any_text = st.one_of(
    st.text(),
    st.from_regex(r"[^@\n]{1,10}@[^@\n]{1,10}\.[a-z]{2,3}", fullmatch=True),
    names.map(lambda name: f"https://www.linkedin.com/in/{name}"),
)
