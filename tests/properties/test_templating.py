"""Laws of templates: every text is one, and no value ever becomes part of one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.templating import (
    LEAD_FIELDS,
    Unresolved,
    Variable,
    is_field,
    lead_values,
    parse,
    render,
    render_subject,
    variables,
)

fields = st.sampled_from([*sorted(LEAD_FIELDS), "custom_fields.plan", "custom_fields.Seat Count"])
literals = st.text(st.characters(exclude_characters="{}%"), min_size=1)
sly_values = st.one_of(
    st.text(min_size=1), fields.map(lambda name: f"{{{{{name}}}}}"), fields.map(lambda name: f"%{name}%")
)
noise = st.text(st.sampled_from("{}|% \nabc_."), max_size=40)
texts = st.lists(st.one_of(st.text(), noise, sly_values), max_size=6).map("".join)


def written(part: str | Variable) -> str:
    if isinstance(part, str):
        return part
    return f"{{{{{part.name}}}}}" if part.fallback is None else f"{{{{{part.name}|{part.fallback}}}}}"


def parts() -> st.SearchStrategy[list[str | Variable]]:
    fallbacks = st.none() | literals.map(str.strip)
    return st.lists(st.one_of(literals, st.builds(Variable, fields, fallbacks)), max_size=8)


@given(texts, st.dictionaries(fields, st.text()))
def test_any_text_renders_unless_a_variable_lacks_its_value(text: str, values: dict[str, str]) -> None:
    lacking = {name for name in variables(text) if not values.get(name)}
    if not lacking:
        render(parse(text), values)
        return
    with pytest.raises(Unresolved) as refusal:
        render(parse(text), values)
    assert refusal.value.variable in lacking


@given(texts, sly_values)
def test_a_text_renders_when_all_its_variables_have_values(text: str, value: str) -> None:
    rendered = render(parse(text), dict.fromkeys(variables(text), value))
    assert value in rendered or not variables(text)


@given(parts(), st.dictionaries(fields, sly_values))
def test_values_appear_exactly_as_they_are_whatever_they_hold(
    template: list[str | Variable], values: dict[str, str]
) -> None:
    known = values | {
        part.name: "{{email}}" for part in template if isinstance(part, Variable) and part.name not in values
    }
    expected = "".join(part if isinstance(part, str) else known[part.name] for part in template)
    assert render(parse("".join(map(written, template))), known) == expected


@given(parts())
def test_without_values_the_fallbacks_stand(template: list[str | Variable]) -> None:
    spare = [part for part in template if isinstance(part, str) or part.fallback is not None]
    expected = "".join(part if isinstance(part, str) else part.fallback or "" for part in spare)
    assert render(parse("".join(map(written, spare))), {}) == expected


@given(parts())
def test_the_parts_of_a_text_write_the_same_template_again(template: list[str | Variable]) -> None:
    parsed = parse("".join(map(written, template)))
    assert parse("".join(map(written, parsed.parts))) == parsed


@given(texts)
def test_a_text_without_variables_is_its_own_rendering(text: str) -> None:
    template = parse(text)
    if all(isinstance(part, str) for part in template.parts):
        assert render(template, {}) == text


@given(texts, sly_values)
def test_a_subject_never_spans_two_lines(text: str, value: str) -> None:
    subject = render_subject(parse(text), dict.fromkeys(variables(text), value))
    assert len(subject.splitlines()) <= 1


json_values = st.one_of(st.none(), st.booleans(), st.integers(), st.text(), st.lists(st.text(), max_size=2))


@given(
    st.dictionaries(st.sampled_from(sorted(LEAD_FIELDS)), json_values),
    st.dictionaries(st.text(), json_values),
)
def test_every_value_of_a_lead_can_be_named_and_says_something(
    known: dict[str, object], custom: dict[str, object]
) -> None:
    values = lead_values({**known, "custom_fields": custom})
    for name, value in values.items():
        assert value == value.strip() != ""
        assert is_field(name)
        assert render(parse(f"{{{{{name}}}}}"), values) == value
