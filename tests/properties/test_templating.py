"""Laws of templates: every text is one, and no value ever becomes part of one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from domain.templating import (
    LEAD_FIELDS,
    Variable,
    is_field,
    lead_values,
    parse,
    render,
    render_subject,
    variables,
)
from tests.kit.templates import parts, sly_values, texts, written


@given(texts, sly_values)
def test_a_text_renders_when_all_its_variables_have_values(text: str, value: str) -> None:
    rendered = render(parse(text), dict.fromkeys(variables(text), value))
    assert value in rendered or not variables(text)


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
