"""Texts that are templates, and values that would like to be: strategies for Hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from domain.templating import LEAD_FIELDS, Variable

fields = st.sampled_from([*sorted(LEAD_FIELDS), "custom_fields.plan", "custom_fields.Seat Count"])
literals = st.text(st.characters(exclude_characters="{}%"), min_size=1)
sly_values = st.one_of(
    st.text(min_size=1), fields.map(lambda name: f"{{{{{name}}}}}"), fields.map(lambda name: f"%{name}%")
)
noise = st.text(st.sampled_from("{}|% \nabc_."), max_size=40)
texts = st.lists(st.one_of(st.text(), noise, sly_values), max_size=6).map("".join)


def written(part: str | Variable) -> str:
    """The part as somebody would type it."""
    if isinstance(part, str):
        return part
    return f"{{{{{part.name}}}}}" if part.fallback is None else f"{{{{{part.name}|{part.fallback}}}}}"


def parts() -> st.SearchStrategy[list[str | Variable]]:
    """Templates taken apart."""
    fallbacks = st.none() | literals.map(str.strip)
    return st.lists(st.one_of(literals, st.builds(Variable, fields, fallbacks)), max_size=8)
