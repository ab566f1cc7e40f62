"""Laws of texts and people: every text is a template, no value becomes part of one, a person is one person."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Final, TypeAlias
from uuid import UUID

import pytest
from hypothesis import strategies as st
from msgspec import Struct

from domain.identity import normalise
from domain.refusal import Invalid
from domain.sequence import Channel
from domain.templating import Template, Unresolved, Variable, parse, render, variables
from service.leads.rows import Prospect, distinct
from tests.kit import identities, templates
from tests.laws.law import Law

# --- Templates -------------------------------------------------------------------------------------------------------


class Templating(Struct, frozen=True, kw_only=True):
    """How texts are taken apart and filled in."""

    parse: Callable[[str], Template] = parse
    render: Callable[[Template, Mapping[str, str]], str] = render


TEMPLATING: Final = Templating()


def _any_text_renders(templating: Templating, case: tuple[str, dict[str, str]]) -> None:
    text, values = case
    lacking = {name for name in variables(text) if not values.get(name)}
    with pytest.raises(Unresolved) if lacking else nullcontext() as refusal:
        templating.render(templating.parse(text), values)
    assert refusal is None or refusal.value.variable in lacking


def _values_stay_values(templating: Templating, case: tuple[list[str | Variable], dict[str, str]]) -> None:
    parts, drawn = case
    known = {part.name: "{{email}}" for part in parts if isinstance(part, Variable)} | drawn
    expected = "".join(part if isinstance(part, str) else known[part.name] for part in parts)
    text = "".join(map(templates.written, parts))
    assert templating.render(templating.parse(text), known) == expected


# --- People ----------------------------------------------------------------------------------------------------------

Normalise: TypeAlias = Callable[[Channel, str], str]
Distinct: TypeAlias = Callable[[Iterable[Prospect]], list[Prospect]]


def _normalised_twice_is_once(normalise: Normalise, case: tuple[Channel, str]) -> None:
    channel, text = case
    try:
        identity = normalise(channel, text)
    except Invalid:
        return
    assert normalise(channel, identity) == identity


def _each_person_once(distinct: Distinct, case: tuple[Sequence[Prospect], Sequence[Prospect]]) -> None:
    prospects, shuffled = case
    once = distinct(prospects)
    people = [prospect.person_id for prospect in once]
    assert len(people) == len(set(people))
    assert set(people) == {prospect.person_id for prospect in prospects}
    assert distinct(once) == once == distinct([*prospects, *shuffled])
    assert {prospect.person_id for prospect in distinct(shuffled)} == set(people)


few_people = st.integers(1, 4).map(lambda n: UUID(int=n))
rows = st.lists(st.builds(Prospect, few_people), max_size=8)

LAWS: Final[tuple[Law[Any, Any], ...]] = (
    Law(
        "any text renders unless a value is lacking",
        TEMPLATING,
        st.tuples(templates.texts, st.dictionaries(templates.fields, st.text())),
        _any_text_renders,
    ),
    Law(
        "no value becomes part of a template",
        TEMPLATING,
        st.tuples(templates.parts(), st.dictionaries(templates.fields, templates.sly_values)),
        _values_stay_values,
    ),
    Law(
        "an identity normalised twice is normalised once",
        normalise,
        st.tuples(identities.channels, identities.any_text),
        _normalised_twice_is_once,
    ),
    Law(
        "each person joins once, in whatever order and however often they come",
        distinct,
        rows.flatmap(lambda told: st.tuples(st.just(told), st.permutations(told))),
        _each_person_once,
    ),
)
